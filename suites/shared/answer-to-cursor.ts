import type { EventOf, HistoryView } from '../../harness/contract.js';
import { OK, statusName } from '../../harness/grpc-status.js';
import { countable } from '../../harness/heartbeats.js';
import { type IdField, idsAt, isExact, keyOf, withoutIndexes } from '../../harness/id-field.js';
import { numberOf } from '../../harness/sequence.js';

/** What a server said to a client that presented an id: the words of the good answers, against which another is compared. */
export interface Answer {
  /** What says that not all came: `HTTP 410`, `close 4404`, `/type`; undefined where nothing does. */
  readonly signal?: string | undefined;
  /** Only a number differs: a status, or a count. */
  readonly unclear?: string | undefined;
  readonly because: readonly EventOf<'message' | 'session' | 'trailers' | 'handshake'>[];
}

type Message = EventOf<'message'>;
/** As a field of the message, or as the type of an event (SSE). */
const KIND = /(^|\/)(type|op|event|action|method|kind|t|e)$/i;
const ANY = /./;
/** A signal comes with the answer, not minutes later. */
const PROMPT_MS = 5000;
/** Ending a session in peace says nothing of the cursor. */
const SILENT_CODES = new Set([1000, 1005]);
/** What a gRPC server may say to anyone: "The service is currently unavailable", "Some resource has been exhausted" [statuscodes.md]. */
const MAY_PASS = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'CANCELLED', 'DEADLINE_EXCEEDED']);
/** In milliseconds, seconds or finer: times tell nothing. */
const CLOCKLIKE = 1e9;

/** The server's messages to the sessions of one gate, without heartbeats. */
export function messagesTo(history: HistoryView, gate: string): Message[] {
  const heartbeats = new Set(Object.values(history.measures('heartbeat words')[0]?.facts ?? {}).map(String));
  const down = history.of('message').filter((event) => event.gate === gate && event.dir === 'down');
  return countable(
    down.filter(({ opcode }) => opcode === 'text' || opcode === 'binary'),
    heartbeats,
  );
}

/**
 * What in the answer to the session `name` is said to none that came with a good id (`good`), or to nobody before (`known`): a
 * refusal, a close code, a field or a word of its own, or a field left out of an answer of the same make.
 */
export function answerTo(
  history: HistoryView,
  asked: {
    readonly name: string;
    readonly good: readonly string[];
    readonly known: readonly string[];
    readonly field: IdField;
  },
): Answer {
  const { name, good, known, field } = asked;
  const session = history.of('session').filter((event) => event.name === name);
  const refused = session.find(({ what }) => what === 'refused');
  const ended =
    endOfCall(history, name) ??
    newHeader(history, name, [...good, ...known]) ??
    anotherPlace(history, { name, good, known });
  if (ended) return ended;
  if (refused) {
    return refused.status === undefined
      ? { unclear: 'the connection was refused without an HTTP status', because: [refused] }
      : { signal: `HTTP ${refused.status}`, because: [refused] };
  }
  const pool = [...good, ...known].flatMap((gate) => messagesTo(history, gate));
  const hashes = new Set(pool.map(({ hash }) => hash));
  const shapes = new Set(pool.filter(({ fields }) => idsAt(fields, field).length > 0).map(shapeOf));
  const openedAt = session.find(({ what }) => what === 'open')?.t ?? 0;
  const own = messagesTo(history, name).filter((event) => event.t <= openedAt + PROMPT_MS);
  const words = wordsOf(pool);
  const text = own.find(({ form }) => form === 'opaque');
  if (text && !pool.some(({ form }) => form === 'opaque'))
    return { signal: 'a text that is not JSON', because: [text] };
  let unclear: Answer | undefined;
  for (const event of own) {
    if (hashes.has(event.hash)) continue;
    // Of a message of the stream only its kind is a word: its sender, its text may be any.
    const told = differing(event, words, shapes.has(shapeOf(event)) ? KIND : ANY);
    if (told?.sure) return { signal: told.pointer, because: [event] };
    if (told) unclear ??= { unclear: `only the number ${told.pointer} is another`, because: [event] };
  }
  const left = leftOut(
    own,
    good.map((gate) => messagesTo(history, gate)),
    field,
  );
  if (left) return { signal: `without ${left.pointer}`, because: [left.event] };
  const end = session.find(({ what }) => what === 'end');
  const code = end?.closeCode;
  const byServer = history.measures('answered').some(({ facts }) => facts.name === name && facts.ended === true);
  if (end && byServer && code !== undefined && !SILENT_CODES.has(code))
    return { signal: `close ${code}`, because: [end] };
  if (end && byServer) return { unclear: 'the session was ended without a code that says why', because: [end] };
  return unclear ?? { because: session.slice(0, 1) };
}

/** How a gRPC server ended the call before we left it. */
function endOfCall(history: HistoryView, name: string): Answer | undefined {
  const left = history.measures('answered').find(({ facts }) => facts.name === name)?.t ?? Number.POSITIVE_INFINITY;
  const trailers = history.of('trailers').find(({ gate, t }) => gate === name && t <= left);
  const status = trailers?.grpcStatus;
  if (!trailers || status === undefined || status === OK) return undefined;
  return MAY_PASS.has(statusName(status))
    ? { unclear: `${statusName(status)}, which says nothing of the id`, because: [trailers] }
    : { signal: statusName(status), because: [trailers] };
}

/** What the head of a gRPC answer has and the heads of others had not. */
function newHeader(history: HistoryView, name: string, others: readonly string[]): Answer | undefined {
  const heads = history.of('handshake').filter(({ dir, stream }) => dir === 'down' && stream !== undefined);
  const usual = new Set(
    heads.filter(({ gate }) => others.includes(gate)).flatMap(({ fields = {} }) => Object.keys(fields)),
  );
  if (usual.size === 0) return undefined;
  for (const head of heads.filter(({ gate }) => gate === name)) {
    const told = Object.keys(head.fields ?? {}).find((field) => !usual.has(field));
    if (told !== undefined) return { signal: `metadata ${told}`, because: [head] };
  }
  return undefined;
}

/**
 * A header of an HTTP answer that gives each good id back, and names another place here. draft-dunglas-mercure, "Reconciliation":
 * "To detect if a data lost ocurred, the subscriber CAN compare the value of the Last-Event-ID response HTTP header with the last
 * event ID it requested."
 */
function anotherPlace(
  history: HistoryView,
  { name, good, known }: { readonly name: string; readonly good: readonly string[]; readonly known: readonly string[] },
): Answer | undefined {
  const usual = new Set(
    known.flatMap((gate) => headsOf(history, gate)).flatMap(({ up }) => Object.keys(up.fields ?? {})),
  );
  const resumed = (gate: string) =>
    headsOf(history, gate).filter(({ up }) => Object.keys(up.fields ?? {}).some((field) => !usual.has(field)));
  const asked = resumed(name)[0];
  const kept = good.map(resumed);
  if (!asked || kept.length === 0 || kept.some((heads) => heads.length === 0)) return undefined;
  const isEcho = ({ up, down }: Heads, [field, header]: readonly [string, string]) => {
    const [presented, answered] = [up.fields?.[field], down.fields?.[header]];
    return presented !== undefined && answered !== undefined && keyOf(presented) === keyOf(answered);
  };
  const echoes = Object.keys(asked.up.fields ?? {})
    .filter((field) => !usual.has(field))
    .flatMap((field) => Object.keys(asked.down.fields ?? {}).map((header) => [field, header] as const))
    .filter((pair) => kept.flat().every((heads) => isEcho(heads, pair)));
  const told = echoes.find((pair) => !isEcho(asked, pair));
  return told && { signal: `another ${told[1]} in the head of its answer`, because: [asked.down] };
}

interface Heads {
  readonly up: EventOf<'handshake'>;
  readonly down: EventOf<'handshake'>;
}

/** Of each connection of a gate, its first request and the answer to it. Of HTTP/2 a stream is none. */
function headsOf(history: HistoryView, gate: string): Heads[] {
  const heads = history.of('handshake').filter((event) => event.gate === gate && event.stream === undefined);
  return heads
    .filter(({ dir }) => dir === 'up')
    .flatMap((up) => {
      const down = heads.find(({ dir, conn }) => dir === 'down' && conn === up.conn);
      return down ? [{ up, down }] : [];
    });
}

function shapeOf({ fields = {} }: Message): string {
  return [...new Set(Object.keys(fields).map(withoutIndexes))].sort().join(' ');
}

/** Of a message's own fields; those in arrays are what was replayed. */
function ownFields({ fields = {} }: Message) {
  return Object.entries(fields).filter(([pointer]) => !isExact(pointer));
}

function isAnswer(event: Message, { pointer }: IdField): boolean {
  return event.fields?.[pointer] === undefined && ownFields(event).length > 0;
}

/** Of each field, its values, and the connections on which each came. */
function wordsOf(pool: readonly Message[]) {
  const words = new Map<string, Map<string, Set<string>>>();
  for (const event of pool) {
    for (const [pointer, value] of Object.entries(event.fields ?? {})) {
      const name = withoutIndexes(pointer);
      const values = words.get(name) ?? new Map<string, Set<string>>();
      const connections = values.get(keyOf(value)) ?? new Set<string>();
      words.set(name, values.set(keyOf(value), connections.add(`${event.gate}/${event.conn}`)));
    }
  }
  return words;
}

function differing(event: Message, words: ReturnType<typeof wordsOf>, named: RegExp) {
  let number: string | undefined;
  for (const [pointer, value] of ownFields(event)) {
    const known = words.get(pointer);
    if (!known) return { pointer, sure: true };
    // What one connection alone was told (its session's name, a time) is no word.
    const isWord = [...known.values()].every((connections) => connections.size > 1);
    if (!isWord || known.has(keyOf(value)) || !named.test(pointer)) continue;
    const asNumber = numberOf(value);
    if (asNumber === undefined) return { pointer, sure: true };
    if (Math.abs(asNumber) < CLOCKLIKE) number ??= pointer;
  }
  return number === undefined ? undefined : { pointer: number, sure: false };
}

/** A field that the answer to each good id has, and that the answer of the same make to this one lacks (`recovered`). */
function leftOut(own: readonly Message[], good: readonly Message[][], field: IdField) {
  const answers = (messages: readonly Message[]) => messages.filter((event) => isAnswer(event, field));
  const names = (event: Message) => ownFields(event).map(([pointer]) => pointer);
  const [first = [], ...others] = good.map((messages) => new Set(answers(messages).flatMap(names)));
  const common = [...first].filter((pointer) => others.every((other) => other.has(pointer)));
  const said = new Set(answers(own).flatMap(names));
  const missing = common.find((pointer) => !said.has(pointer));
  if (missing === undefined) return undefined;
  const made = good.flatMap(answers).find((event) => names(event).includes(missing));
  const alike = answers(own).find((event) => {
    const shared = names(event).filter((pointer) => made && names(made).includes(pointer)).length;
    return made !== undefined && shared > 1 && shared >= names(made).length / 2;
  });
  return alike && { pointer: missing, event: alike };
}
