import { ofWitnessedMethod } from './called-method.js';
import type { EventOf, HistoryEvent, HistoryView, Scalar, Slot } from './contract.js';
import { countable } from './heartbeats.js';
import { type IdField, idsIn, keyOf, withoutIndexes } from './id-field.js';
import { numberOf, type Stream, streamOf } from './sequence.js';

/** One id where it was seen. */
export interface Entry {
  readonly key: string;
  readonly event: HistoryEvent;
  /** As a client would name it, where that is another: without its topic, or the subprotocol's cursor. */
  readonly names?: readonly string[];
}

/** The client was cut at `from` and had a session again at `to`. */
export interface Away {
  readonly from: number;
  readonly to: number;
}

/** What became of the ids that an undisturbed witness saw (CHECKLIST rules 8 and 9). */
export interface Ledger {
  /** `application`: what the client reported on stdout. `wire`: what reached its socket, which says nothing of what it did with it. */
  readonly view: 'wire' | 'application';
  /** Ids that passed while the client was away, or were on their way to it when it was cut. */
  readonly missed: number;
  readonly lost: readonly Entry[];
  readonly duplicated: readonly Entry[];
  readonly reordered: readonly Entry[];
  /** The same before anything was disturbed. */
  readonly calm: { readonly lost: number; readonly duplicated: number; readonly reordered: number };
  /** Somewhere the client named one of its last ids. */
  readonly named: Entry | undefined;
}

export interface LedgerRequest {
  readonly declared?: string | undefined;
  readonly resume?: Slot | undefined;
  /** When the first disturbance began. */
  readonly calmTo: number;
  readonly away: readonly Away[];
}

/** What is enough of a share to be the same stream (rule 9), and to be an id (rule 8). */
const SHARED = 0.9;
const UNIQUE = 0.99;
/** Fewer reports show nothing. */
const MIN_REPORTS = 5;
/** A client reads in chunks of its own: what it presents may lie this many messages behind what its gate saw. */
const BEHIND = 20;
/** The whole message as its own id. */
export const WHOLE = '#';

/** The same value as number, as text and in a query. */
export function canonical(scalar: Scalar): string {
  const number = numberOf(scalar);
  return number === undefined ? keyOf(scalar) : String(number);
}

/** When the client's link was really cut: on a busy machine some messages still pass after the scenario said that it would be. */
export function cutAt(history: HistoryView, label: string): number | undefined {
  const said = history.phaseAt('fault', label);
  if (said === undefined) return undefined;
  const ends = history.of('connection').filter(({ gate, what }) => gate === 'victim' && what === 'end');
  return ends.find((end) => end.t >= said && 'by' in end && end.by === 'gate')?.t ?? said;
}

/** The ids at a field, in order of arrival; a batch carries several. */
export function entriesOf(messages: readonly EventOf<'message'>[], field: IdField): Entry[] {
  if (field.pointer === WHOLE) return messages.map((event) => ({ key: `s${event.hash}`, event }));
  return messages.flatMap((event) => {
    const cursor = event.cursor === undefined ? [] : [canonical(event.cursor)];
    return idsIn(event.fields, field).map(({ key, scalar }) => {
      const name = scalar === undefined ? key : canonical(scalar);
      return { key: field.by === undefined ? name : key, event, names: [name, ...cursor] };
    });
  });
}

export function reportsOf(history: HistoryView, what: string): Entry[] {
  return history
    .of('report')
    .flatMap((event) => (event.event === what && event.id !== undefined ? [{ key: canonical(event.id), event }] : []));
}

/** The field at which most of these ids are found in these messages; undefined where fewer than `SHARED` are. */
export function fieldOf(
  ids: readonly Entry[],
  messages: readonly EventOf<'message'>[],
  preferred?: IdField,
): IdField | undefined {
  if (ids.length === 0) return undefined;
  const pointers = new Set(messages.flatMap(({ fields }) => Object.keys(fields ?? {}).map(withoutIndexes)));
  const candidates = [...(preferred ? [preferred] : []), ...[...pointers, WHOLE].map((pointer) => ({ pointer }))];
  let best: { readonly field: IdField; readonly share: number } | undefined;
  for (const field of candidates) {
    const keys = new Set(entriesOf(messages, field).map(({ key }) => key));
    const share = ids.filter(({ key }) => keys.has(key)).length / ids.length;
    if (share >= SHARED && (best === undefined || share > best.share)) best = { field, share };
  }
  return best?.field;
}

export function ledgerOf(history: HistoryView, request: LedgerRequest): Ledger | { readonly unknown: string } {
  const { calmTo, away } = request;
  const witnessed = data(history, 'witness');
  const received = data(history, 'victim');
  const before = <T extends { readonly t: number }>(events: readonly T[]) => events.filter(({ t }) => t < calmTo);
  const found = findStream(history, before(witnessed), before(received), request);
  const joinedAt = witnessed[0]?.t ?? Number.POSITIVE_INFINITY;
  const reports = reportsOf(history, 'message');
  const calmReports = reports.filter(({ event }) => event.t >= joinedAt && event.t < calmTo);
  const view = reports.length > 0 ? 'application' : 'wire';
  if (view === 'application' && calmReports.length < MIN_REPORTS)
    return { unknown: `the client reported only ${calmReports.length} messages before it was disturbed` };
  const field = view === 'wire' ? found.field : fieldOf(calmReports, witnessed, found.field);
  if (field === undefined) {
    const why =
      view === 'wire'
        ? noIdFound(found.kind)
        : 'the ids that the client reports are not found in the messages it is sent';
    return { unknown: isLeftOut(before(witnessed), before(received)) ? LEFT_OUT : why };
  }
  const stream = entriesOf(witnessed, field);
  const order = new Map<string, number>();
  for (const [index, { key }] of stream.entries()) if (!order.has(key)) order.set(key, index);
  if (order.size < UNIQUE * stream.length)
    return { unknown: `${field.pointer} does not tell one message from another` };
  const got = view === 'wire' ? entriesOf(received, field) : reports;
  const has = new Set(got.map(({ key }) => key));
  const start = Math.min(...got.filter(({ event }) => event.t < calmTo).map(({ key }) => order.get(key) ?? Infinity));
  if (start === Number.POSITIVE_INFINITY) return { unknown: 'no message with an id came before the first cut' };
  const calm = stream.slice(start).filter(({ event }) => event.t < calmTo);
  const shared = calm.filter(({ key }) => has.has(key)).length;
  if (shared < SHARED * calm.length)
    return { unknown: `the witness and the client shared only ${shared} of ${calm.length} ids on a healthy path` };
  // What had not yet come when watching stopped is not lost.
  const reached = Math.max(...got.map(({ key }) => order.get(key) ?? -1));
  const lost = stream.slice(start, reached + 1).filter(({ key }) => !has.has(key));
  const presented = away.map((gap, k) => namedIds(history, gap, away[k + 1]?.from, recent(got, received, field, gap)));
  const { repeats, swaps } = irregular(got, order, away, presented);
  const split = (entries: readonly Entry[]) => ({
    calm: entries.filter(({ event }) => event.t < calmTo).length,
    later: entries.filter(({ event }) => event.t >= calmTo),
  });
  return {
    view,
    missed: stream.filter(
      (entry) => lost.includes(entry) || away.some(({ from, to }) => entry.event.t >= from && entry.event.t < to),
    ).length,
    lost: split(lost).later,
    duplicated: split(repeats).later,
    reordered: split(swaps).later,
    calm: { lost: split(lost).calm, duplicated: split(repeats).calm, reordered: split(swaps).calm },
    named: presented.flat()[0],
  };
}

/** Why nothing is known where the witness gets other messages than the client, and no id is in them. */
export const LEFT_OUT =
  "a session of Holdfast's own gets few of these messages or none, since it does not ask for them as the client does; needs --subscribe";
export const noIdFound = (kind: Stream['kind']) => `no id was found in the messages (${kind}); name it with --sequence`;

export function isLeftOut(witnessed: readonly unknown[], received: readonly unknown[]): boolean {
  return witnessed.length < received.length / 2;
}

/** The id by itself; from the witness, whose session nothing but the stream passes. */
export function findStream(
  history: HistoryView,
  witnessed: readonly EventOf<'message'>[],
  received: readonly EventOf<'message'>[],
  known: Pick<LedgerRequest, 'declared' | 'resume'>,
): Stream {
  const heartbeats = new Set(Object.values(history.measures('heartbeat words')[0]?.facts ?? {}).map(String));
  return streamOf(countable(witnessed, heartbeats), { ...known, other: countable(received, heartbeats) });
}

export function data(history: HistoryView, gate: string, dir: 'up' | 'down' = 'down'): readonly EventOf<'message'>[] {
  const of = history.of('message').filter((event) => event.gate === gate && event.dir === dir);
  // What the subprotocol keeps to itself is none of the application's.
  const own = of.filter(({ opcode, packet }) => (opcode === 'text' || opcode === 'binary') && packet === undefined);
  return dir === 'down' ? ofWitnessedMethod(history, own) : own;
}

/** The client's last ids when it was cut, as it would name them. */
function recent(
  got: readonly Entry[],
  received: readonly EventOf<'message'>[],
  field: IdField,
  { from }: Away,
): readonly string[] {
  const last = (entries: readonly Entry[]) =>
    entries
      .filter(({ event }) => event.t <= from)
      .slice(-BEHIND)
      .flatMap(({ key, names }) => names ?? [key]);
  return [...last(entriesOf(received, field)), ...last(got)];
}

/** Where the client named one of these on its way back or later, in a handshake or in a message. */
function namedIds(history: HistoryView, gap: Away, until: number | undefined, ids: readonly string[]): Entry[] {
  const known = new Set(ids);
  return [...history.of('handshake'), ...history.of('message')]
    .filter(({ gate, dir, t }) => gate === 'victim' && dir === 'up' && t >= gap.from && t < (until ?? Infinity))
    .flatMap((event) => {
      const cursor = event.type === 'message' && event.cursor !== undefined ? [event.cursor] : [];
      return [...cursor, ...Object.values(event.fields ?? {})].map((value) => ({ key: canonical(value), event }));
    })
    .filter(({ key }) => known.has(key));
}

/** Repeats, but for one of the id presented at each return (rule 9: `boundary`), and what came behind a later one. */
function irregular(
  got: readonly Entry[],
  order: ReadonlyMap<string, number>,
  away: readonly Away[],
  presented: readonly (readonly Entry[])[],
): { readonly repeats: Entry[]; readonly swaps: Entry[] } {
  const [repeats, swaps]: [Entry[], Entry[]] = [[], []];
  const seen = new Set<string>();
  let newest = -1;
  let lastKey: string | undefined;
  let returns = -1;
  let boundary = new Set<string>();
  for (const entry of got) {
    const { key, event, names } = entry;
    const at = away.findLastIndex(({ from }) => from <= event.t);
    if (at > returns) {
      returns = at;
      boundary = new Set([...(presented[at] ?? []).map((one) => one.key), ...(lastKey === undefined ? [] : [lastKey])]);
    }
    if (seen.has(key)) {
      const marked = event.type === 'message' && event.repeat === true;
      if (marked) continue;
      if ([key, ...(names ?? [])].some((name) => boundary.has(name))) boundary = new Set();
      else repeats.push(entry);
      continue;
    }
    seen.add(key);
    lastKey = key;
    const index = order.get(key);
    if (index === undefined) continue;
    if (index < newest) swaps.push(entry);
    newest = Math.max(newest, index);
  }
  return { repeats, swaps };
}
