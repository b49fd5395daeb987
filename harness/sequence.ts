import type { MessageFacts, Scalar, Slot } from './contract.js';
import {
  ENVELOPE_ID,
  fieldsByName,
  type Id,
  type IdField,
  idsAt,
  isPartOfTime,
  parentOf,
  withoutIndexes,
} from './id-field.js';

/** What of a message's facts the search for an id reads. */
export type Seen = Pick<MessageFacts, 'fields' | 'form' | 'hash' | 'packet'> & { readonly t?: number };

export interface Stream {
  /** Where the id stands, or undefined where no field is one. */
  readonly field: IdField | undefined;
  /** `dense`: integers one apart. `opaque`: unique and shared, but whether a server can resume from it is not seen; `time`: so is this. */
  readonly kind: 'dense' | 'declared' | 'opaque' | 'time' | 'none' | 'undecodable';
  /** Share of the messages that carry it, heartbeats aside. */
  readonly coverage: number;
  /** Messages that count. */
  readonly messages: number;
  /** Other fields that might as well be it. */
  readonly others: readonly string[];
}

const COVERAGE = 0.99;
const SHARED = 0.9;
/** Share of neighbouring values that must be one step apart. Concurrent senders may swap a few. */
const DENSE = 0.95;
/** Topics of one connection: more values than that, or few messages each, are data. */
const MOST_TOPICS = 20;
const LEAST_PER_TOPIC = 4;
const MOST_TOPIC_FIELDS = 5;
const MOST_FALLS = 0.2;
const MOST_OWN = 0.1;
/** Looked at where no single field is an id. */
const MOST_OBJECTS = 20;
/** Unordered integers are ids only where they are too large to be counts and prices. */
const LARGE = 1e9;
/** What fields are called that a client is meant to come back with. */
const NAMES = new Set(['id', '_id', 'seq', 'sequence', 'offset', 'cursor', 'eventid', 'event_id', 'ulid', 'uuid']);

export function numberOf(scalar: Scalar | undefined): number | undefined {
  if (typeof scalar === 'number') return scalar;
  if (typeof scalar === 'object' && scalar !== null) return scalar.number;
  return undefined;
}

/** The pointers that a declared name may mean: itself when a pointer, else every field of that name. */
export function matchesName(pointer: string, declared: string): boolean {
  if (pointer === declared) return true;
  return declared.startsWith('/')
    ? pointer === declared || pointer === withoutIndexes(declared)
    : pointer === `/${declared}` || pointer.endsWith(`/${declared}`);
}

export interface Knowledge {
  readonly declared?: string | undefined;
  readonly other?: readonly Seen[];
  readonly own?: ReadonlySet<string>;
  /** Where the last id is presented: its name may be the field's. */
  readonly resume?: Slot | undefined;
}

interface Found {
  readonly field: IdField;
  readonly kind: 'dense' | 'opaque' | 'time' | undefined;
}

/** The field that identifies a message on one connection: the declared one, or found by itself (CHECKLIST rule 8). */
export function streamOf(messages: readonly Seen[], known: Knowledge = {}): Stream {
  const base = { field: undefined, coverage: 0, messages: messages.length, others: [] };
  if (messages.length === 0) return { ...base, kind: 'none' };
  const decoded = messages.filter(({ form, fields }) => form === 'json' || fields?.[ENVELOPE_ID] !== undefined);
  if (decoded.length < messages.length * 0.5) return { ...base, kind: 'undecodable' };
  const { declared } = known;
  const topics = topicsOf(decoded).slice(0, MOST_TOPIC_FIELDS);
  const ofPlaces = (pointers: readonly string[]) =>
    pointers
      .map((pointer) => ({ pointer, coverage: coverageOf({ pointer }, messages) }))
      .filter(({ coverage }) => declared !== undefined || coverage >= COVERAGE)
      .map(({ pointer, coverage }) => {
        const found: Found = fieldOf(pointer, decoded, topics, known) ?? { field: { pointer }, kind: undefined };
        return { ...found, coverage, count: countOf(found.field, decoded) };
      })
      // A declared field wins, whatever is in it.
      .filter(({ kind }) => declared !== undefined || kind !== undefined);
  const fields = ofPlaces(pointersOf(decoded, declared));
  const candidates = (fields.length > 0 ? fields : ofPlaces(objectsOf(decoded, declared))).sort(
    (a, b) => rank(b, known.resume) - rank(a, known.resume) || b.count - a.count,
  );
  const [best, ...rest] = candidates;
  if (!best) return { ...base, kind: 'none' };
  // What the slot names leaves no doubt.
  const others = rest
    .filter((other) => isHinted(other.field, known.resume) === isHinted(best.field, known.resume))
    .map(({ field }) => field.pointer)
    .filter((pointer) => !sameField(pointer, best.field.pointer));
  const { field, coverage, kind } = best;
  const found = declared !== undefined || kind === undefined ? 'declared' : kind;
  return { ...base, field, coverage, others, kind: found };
}

function sameField(left: string, right: string): boolean {
  return withoutIndexes(left) === withoutIndexes(right);
}

/** Every field and every place in an array that may hold an id. */
function pointersOf(messages: readonly Seen[], declared: string | undefined): string[] {
  const pointers = new Set<string>();
  for (const { fields = {} } of messages) {
    for (const [name, entries] of fieldsByName(fields)) {
      pointers.add(name);
      for (const [pointer] of entries) pointers.add(pointer);
    }
  }
  return declared === undefined
    ? [...pointers].filter((pointer) => !isPartOfTime(pointer, pointers))
    : [...pointers].filter((pointer) => matchesName(pointer, declared));
}

/** Objects of numbers, which together may be an id (a vector clock). */
function objectsOf(messages: readonly Seen[], declared: string | undefined): string[] {
  const objects = new Set<string>();
  for (const [name, [entry]] of fieldsByName(messages.at(-1)?.fields ?? {})) {
    if (parentOf(name) !== '' && Number.isInteger(numberOf(entry?.[1]))) objects.add(parentOf(name));
  }
  const named = [...objects].filter((pointer) => declared === undefined || matchesName(pointer, declared));
  return named.slice(0, MOST_OBJECTS);
}

/** What the declaration or the slot names, then numbers without gaps, then usual names; scalars before objects. */
function rank({ field, kind }: Found, resume: Slot | undefined): number {
  const isUsual = NAMES.has(nameOf(field).toLowerCase());
  return (
    (field.pointer === ENVELOPE_ID ? 16 : 0) +
    (kind === undefined ? 0 : 8) +
    (isHinted(field, resume) ? 4 : 0) +
    (kind === 'dense' ? 2 : 0) +
    (isUsual ? 1 : 0)
  );
}

function isHinted(field: IdField, resume: Slot | undefined): boolean {
  const hints =
    resume === undefined ? [] : wordsOf('text' in resume ? resume.text : 'name' in resume ? resume.name : '');
  return wordsOf(nameOf(field)).some((word) => hints.includes(word));
}

function nameOf({ pointer }: IdField): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1);
}

/** `since`, `event` and `id` of `sinceEventId={id}`. */
function wordsOf(text: string): string[] {
  const parts = text.replaceAll('{id}', '').match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? [];
  return parts.map((part) => part.toLowerCase());
}

/** Of the messages from the first that has the field: a greeting or the answer to a subscription comes before the stream. */
function coverageOf(field: IdField, messages: readonly Seen[]): number {
  const first = messages.findIndex(({ fields }) => idsAt(fields, field).length > 0);
  // A stream that begins late is none: half of the messages at least.
  if (first < 0 || first > messages.length / 2) return 0;
  const stream = messages.slice(first);
  return stream.filter(({ fields }) => idsAt(fields, field).length > 0).length / stream.length;
}

function countOf(field: IdField, messages: readonly Seen[]): number {
  return messages.reduce((sum, { fields }) => sum + idsAt(fields, field).length, 0);
}

/** The pointer as an id of its own or, where its numbers are counted for each topic, by that. */
function fieldOf(
  pointer: string,
  messages: readonly Seen[],
  topics: readonly string[],
  known: Knowledge,
): Found | undefined {
  const kind = kindOf({ pointer }, messages, known);
  if (kind !== undefined) return { field: { pointer }, kind };
  const values = messages.flatMap(({ fields }) => idsAt(fields, { pointer })).map(({ scalar }) => numberOf(scalar));
  if (values.length === 0 || !values.every((value) => Number.isInteger(value))) return undefined;
  for (const by of topics) {
    if (by === pointer) continue;
    const field = { pointer, by };
    const grouped = kindOf(field, messages, known);
    if (grouped !== undefined) return { field, kind: grouped };
  }
  return undefined;
}

/** Fields with few values, each of which comes often. */
function topicsOf(messages: readonly Seen[]): string[] {
  const names = [...fieldsByName(messages.at(-1)?.fields ?? {}).keys()];
  return names.filter((pointer) => {
    const values = messages.flatMap(({ fields }) => idsAt(fields, { pointer }));
    const different = new Set(values.map(({ key }) => key)).size;
    const limit = Math.min(MOST_TOPICS, values.length / LEAST_PER_TOPIC);
    return values.length >= COVERAGE * messages.length && different > 1 && different <= limit;
  });
}

function kindOf(field: IdField, messages: readonly Seen[], { other, own }: Knowledge): Found['kind'] {
  const ids = messages.flatMap(({ fields, t }) => idsAt(fields, field).map((id) => ({ ...id, t: t ?? 0 })));
  // What clients of ours sent identifies nothing of the server's. A request of ours may have had a small number, too.
  if (ids.filter(({ key }) => own?.has(key)).length > MOST_OWN * ids.length) return undefined;
  if (ids.some(({ scalar }) => typeof scalar === 'boolean' || scalar === null)) return undefined;
  if (new Set(ids.map(({ key }) => key)).size < ids.length * COVERAGE) return undefined;
  if (other && !shared(field, messages, other)) return undefined;
  if (ids.every(({ scalar }) => scalar === undefined)) return isClock(field, messages) ? 'opaque' : undefined;
  const numbers = ids.map(({ scalar }) => numberOf(scalar));
  if (!numbers.every((value) => value !== undefined)) {
    return ids.every(({ scalar }) => typeof scalar === 'object') ? 'opaque' : undefined;
  }
  if (numbers.some((value) => !Number.isInteger(value))) return undefined;
  const groups = [...new Set(ids.map(({ group }) => group))].map((name) => ids.filter(({ group }) => group === name));
  // What stands in `id:` is what clients present, whatever it is made of.
  if (groups.some((group) => isTimestamp(group))) return field.pointer === ENVELOPE_ID ? 'time' : undefined;
  const steps = groups.flatMap(stepsOf);
  if (steps.length === 0) return undefined;
  const share = (is: (step: number) => boolean) => steps.filter(is).length / steps.length;
  if (share((step) => step === 1) >= DENSE) return 'dense';
  // Rising but with gaps (offsets of a busy log), or large and in no order (snowflakes): unique and shared, and no more is known.
  const isLarge = numbers.every((value) => Math.abs(value ?? 0) >= LARGE);
  return share((step) => step > 0) >= DENSE || isLarge ? 'opaque' : undefined;
}

function stepsOf(ids: readonly Id[]): number[] {
  const numbers = ids.map(({ scalar }) => numberOf(scalar) ?? 0);
  return numbers.slice(1).map((value, i) => value - (numbers[i] ?? 0));
}

/** Two counters at least that hardly ever fall (senders may be concurrent): little else looks like a vector clock. */
function isClock({ pointer }: IdField, messages: readonly Seen[]): boolean {
  const counters = new Map<string, number[]>();
  for (const { fields = {} } of messages) {
    for (const [name, [entry]] of fieldsByName(fields)) {
      if (parentOf(name) !== pointer) continue;
      const value = numberOf(entry?.[1]);
      if (value === undefined || !Number.isInteger(value) || value < 0 || value >= 1e12) return false;
      counters.set(name, [...(counters.get(name) ?? []), value]);
    }
  }
  if ([...counters.keys()].some((name) => isPartOfTime(name, new Set(counters.keys())))) return false;
  const rows = [...counters.values()];
  const falls = (row: readonly number[]) => row.filter((value, i) => value < (row[i - 1] ?? 0)).length;
  return rows.length > 1 && rows.every((row) => falls(row) <= MOST_FALLS * row.length);
}

/** The same value for the same message on both connections, at about the same time: a counter a connection is none. */
function shared(field: IdField, left: readonly Seen[], right: readonly Seen[]): boolean {
  const keyed = (messages: readonly Seen[]) =>
    messages.flatMap(({ fields, t = 0 }) => idsAt(fields, field).map(({ key }) => ({ key, t })));
  const atLeft = new Map(keyed(left).map(({ key, t }) => [key, t]));
  const onRight = keyed(right);
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
function isTimestamp(ids: readonly (Id & { readonly t: number })[]): boolean {
  const values = ids.map(({ scalar }) => numberOf(scalar) ?? 0);
  const first = values[0] ?? 0;
  const perMs = [1e-3, 1, 1e3, 1e6].find((unit) => first > 1.0e12 * unit && first < 4.2e12 * unit);
  if (perMs === undefined) return false;
  const elapsed = (ids.at(-1)?.t ?? 0) - (ids[0]?.t ?? 0);
  if (elapsed <= 0) return true;
  const rate = ((values.at(-1) ?? 0) - first) / elapsed / perMs;
  return rate > 0.5 && rate < 2;
}
