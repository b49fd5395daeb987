import type { MessageFacts, Scalar } from './contract.js';

/** What of a message's facts the search for an id reads. */
export type Seen = Pick<MessageFacts, 'fields' | 'form' | 'hash'> & { readonly t?: number };

export interface Stream {
  /** JSON pointer of the id, or undefined where no field is one. */
  readonly pointer: string | undefined;
  /** `dense`: integers one apart. `opaque`: unique and shared, but whether a server can resume from it is not seen. */
  readonly kind: 'dense' | 'declared' | 'opaque' | 'none' | 'undecodable';
  /** Share of the messages that carry it, heartbeats aside. */
  readonly coverage: number;
  /** Messages that count. */
  readonly messages: number;
}

/** A heartbeat names itself, is empty, or is one of very few texts said over and over. */
const HEARTBEAT_WORDS = ['ping', 'pong', 'heartbeat', 'heart_beat', 'keepalive', 'keep-alive', 'hb'];
const COVERAGE = 0.99;
const SHARED = 0.9;
/** Share of neighbouring values that must be one step apart. Concurrent senders may swap a few. */
const DENSE = 0.95;

/** The key under which two scalars are the same value. */
export function keyOf(scalar: Scalar): string {
  if (typeof scalar === 'object' && scalar !== null) return `s${scalar.hash}`;
  return String(scalar);
}

export function numberOf(scalar: Scalar | undefined): number | undefined {
  if (typeof scalar === 'number') return scalar;
  if (typeof scalar === 'object' && scalar !== null) return scalar.number;
  return undefined;
}

/** The pointers that a declared name may mean: itself when a pointer, else every field of that name. */
export function matchesName(pointer: string, declared: string): boolean {
  return declared.startsWith('/')
    ? pointer === declared
    : pointer === `/${declared}` || pointer.endsWith(`/${declared}`);
}

/** Messages that are neither heartbeats nor empty. `words` are keyed hashes of the heartbeat names, by the run's own key. */
export function countable<T extends Seen>(messages: readonly T[], heartbeats: ReadonlySet<string>): T[] {
  return messages.filter((message) => {
    if (message.form === 'empty') return false;
    // `{}` says nothing but "I am here" (Centrifugo's ping).
    if (message.form === 'json' && Object.keys(message.fields ?? {}).length === 0) return false;
    if (heartbeats.has(message.hash)) return false;
    const fields = Object.values(message.fields ?? {});
    return !fields.some((value) => typeof value === 'object' && value !== null && heartbeats.has(value.hash));
  });
}

export function heartbeatHashes(hash: (text: string) => string): Set<string> {
  const spelled = HEARTBEAT_WORDS.flatMap((word) => [word, word.toUpperCase(), word[0]?.toUpperCase() + word.slice(1)]);
  return new Set(spelled.map(hash));
}

/** The field that identifies a message on one connection: the declared one, or found by itself (CHECKLIST rule 8). */
export function streamOf(
  messages: readonly Seen[],
  options: {
    readonly declared?: string | undefined;
    readonly other?: readonly Seen[];
    readonly own?: ReadonlySet<string>;
  } = {},
): Stream {
  const { declared, other, own } = options;
  const none = (kind: Stream['kind']): Stream => ({ pointer: undefined, kind, coverage: 0, messages: messages.length });
  if (messages.length === 0) return none('none');
  const decoded = messages.filter((message) => message.form === 'json');
  if (decoded.length < messages.length * 0.5) return none('undecodable');
  const pointers = new Map<string, number>();
  for (const message of decoded) {
    for (const pointer of Object.keys(message.fields ?? {})) pointers.set(pointer, (pointers.get(pointer) ?? 0) + 1);
  }
  if (declared !== undefined) {
    const named = [...pointers].filter(([pointer]) => matchesName(pointer, declared)).sort((a, b) => b[1] - a[1])[0];
    if (!named) return none('none');
    return { pointer: named[0], kind: 'declared', coverage: coverageOf(named[0], messages), messages: messages.length };
  }
  let best: Stream = none('none');
  for (const pointer of pointers.keys()) {
    const coverage = coverageOf(pointer, messages);
    if (coverage < COVERAGE) continue;
    const kind = kindOf(pointer, decoded, other, own ?? new Set());
    if (kind === undefined) continue;
    if (best.kind === 'none' || (best.kind === 'opaque' && kind === 'dense')) {
      best = { pointer, kind, coverage, messages: messages.length };
    }
  }
  return best;
}

/** Of the messages from the first that has the field: a greeting or the answer to a subscription comes before the stream. */
function coverageOf(pointer: string, messages: readonly Seen[]): number {
  const first = messages.findIndex((message) => message.fields?.[pointer] !== undefined);
  // A stream that begins late is none: half of the messages at least.
  if (first < 0 || first > messages.length / 2) return 0;
  const stream = messages.slice(first);
  return stream.filter((message) => message.fields?.[pointer] !== undefined).length / stream.length;
}

/**
 * The ids of one message: the field at the pointer or, where a message carries several (a batch, a replay inside an
 * answer), the fields of the same name in its arrays, in order.
 */
export function idsIn(fields: Readonly<Record<string, Scalar>> | undefined, pointer: string): Scalar[] {
  if (!fields) return [];
  const own = fields[pointer];
  if (own !== undefined) return [own];
  const name = pointer.slice(pointer.lastIndexOf('/'));
  if (name.length < 2 || /^\/\d+$/.test(name)) return [];
  return Object.entries(fields)
    .filter(([other]) => other.endsWith(name) && /\/\d+\//.test(other))
    .map(([, value]) => value);
}

function kindOf(
  pointer: string,
  messages: readonly Seen[],
  other: readonly Seen[] | undefined,
  own: ReadonlySet<string>,
): 'dense' | 'opaque' | undefined {
  const values = messages.flatMap((message) => message.fields?.[pointer] ?? []);
  const keys = values.map(keyOf);
  // What a client of ours sent identifies nothing of the server's.
  if (keys.some((key) => own.has(key))) return undefined;
  if (values.some((value) => typeof value === 'boolean' || value === null)) return undefined;
  if (new Set(keys).size < keys.length * COVERAGE) return undefined;
  if (other && !shared(pointer, messages, other)) return undefined;
  const numbers = values.map(numberOf);
  const all = numbers.every((value) => value !== undefined) ? (numbers as number[]) : undefined;
  if (!all) return values.every((value) => typeof value === 'object') ? 'opaque' : undefined;
  if (isTimestamp(all, messages)) return undefined;
  if (all.some((value) => !Number.isInteger(value))) return undefined;
  const steps = all.slice(1).map((value, index) => value - (all[index] ?? 0));
  const dense = steps.filter((step) => step === 1).length >= DENSE * steps.length;
  if (dense) return 'dense';
  // Rising but with gaps (snowflakes, offsets of a busy log): unique and shared, and no more is known.
  return steps.filter((step) => step > 0).length >= DENSE * steps.length ? 'opaque' : undefined;
}

/** The same value for the same message on both connections, at about the same time: a counter a connection is none. */
function shared(pointer: string, left: readonly Seen[], right: readonly Seen[]): boolean {
  const atLeft = new Map(
    left.flatMap((message) => {
      const value = message.fields?.[pointer];
      return value === undefined ? [] : [[keyOf(value), message.t ?? 0] as const];
    }),
  );
  const onRight = right.flatMap((message) => {
    const value = message.fields?.[pointer];
    return value === undefined ? [] : [{ key: keyOf(value), t: message.t ?? 0 }];
  });
  if (onRight.length === 0) return false;
  const lags = onRight.flatMap(({ key, t }) => {
    const met = atLeft.get(key);
    return met === undefined ? [] : [Math.abs(t - met)];
  });
  if (lags.length < SHARED * onRight.length) return false;
  const spacing = right.length > 1 ? ((right.at(-1)?.t ?? 0) - (right[0]?.t ?? 0)) / (right.length - 1) : 0;
  const median = lags.sort((a, b) => a - b)[Math.floor(lags.length / 2)] ?? 0;
  // The late joiner is some messages behind: a private counter would lag by as many spacings.
  return median <= Math.max(20, 2 * spacing);
}

/** Advances with the clock, in seconds, milliseconds, microseconds or nanoseconds of this century. */
function isTimestamp(values: readonly number[], messages: readonly Seen[]): boolean {
  const first = values[0] ?? 0;
  const perMs = [1e-3, 1, 1e3, 1e6].find((unit) => first > 1.0e12 * unit && first < 4.2e12 * unit);
  if (perMs === undefined) return false;
  const elapsed = (messages.at(-1)?.t ?? 0) - (messages[0]?.t ?? 0);
  if (elapsed <= 0) return true;
  const rate = ((values.at(-1) ?? 0) - first) / elapsed / perMs;
  return rate > 0.5 && rate < 2;
}

/** The value at a pointer of a raw message, as the text that a client would present. */
export function rawField(payload: Buffer, pointer: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
  for (const part of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
