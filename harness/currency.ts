import type { EventOf, HistoryView } from './contract.js';
import type { IdField } from './id-field.js';
import {
  canonical,
  data,
  type Entry,
  entriesOf,
  fieldOf,
  findStream,
  type LedgerRequest,
  reportsOf,
} from './ledger.js';
import { numberOf } from './sequence.js';

/** What a client of a ticker or a sensor had after one return: the newest, and nothing older behind it? */
export interface Return {
  readonly to: number;
  /** The next cut, or the end of the watching. */
  readonly until: number;
  /** From the return to the first message as new as what the witness had then; undefined: none came. */
  readonly staleMs: number | undefined;
  /** It reports what it sees, and reported nothing as new. */
  readonly untold: boolean;
  /** What came behind something newer of its own kind. */
  readonly older: readonly Entry[];
  /** Came within the return and is none of the witness's messages: a snapshot, perhaps. */
  readonly strange: number;
}

export interface Currency {
  readonly view: 'wire' | 'application';
  /** Only those during which something new had come. */
  readonly returns: readonly Return[];
}

/** Each value of a text field that names a topic comes so often. */
const PER_TOPIC = 4;
const SHARED = 0.9;
/** The same message may reach the client so much before the witness. */
const SLACK_MS = 500;

export function currencyOf(history: HistoryView, request: LedgerRequest): Currency | { readonly unknown: string } {
  const { calmTo, away } = request;
  const witnessed = data(history, 'witness');
  const received = data(history, 'victim');
  const told = reportsOf(history, 'message');
  const calm = <T extends { readonly t: number }>(events: readonly T[]) => events.filter(({ t }) => t < calmTo);
  const { field: found } = findStream(history, calm(witnessed), calm(received), request);
  const calmTold = told.filter(({ event }) => event.t < calmTo);
  const toldField = fieldOf(calmTold, witnessed, found);
  const field = toldField ?? found;
  const stream = keyed(witnessed, field);
  const had = new Set(keyed(received, field).map(({ key }) => key));
  const since = received[0]?.t ?? Number.POSITIVE_INFINITY;
  const common = stream.filter(({ event }) => event.t > since + SLACK_MS && event.t < calmTo);
  const shared = common.filter(({ key }) => had.has(key)).length;
  if (common.length === 0 || shared < SHARED * common.length)
    return {
      unknown: `the witness and the client shared only ${shared} of ${common.length} messages on a healthy path`,
    };
  const positions = new Map<string, number[]>();
  for (const [index, { key }] of stream.entries()) {
    const list = positions.get(key);
    if (list) list.push(index);
    else positions.set(key, [index]);
  }
  // Without ids a value recurs: what is meant is the newest that the witness had by then.
  const placed = (entries: readonly Entry[]): Placed[] =>
    entries.map((entry) => {
      const until = entry.event.t + SLACK_MS;
      const at = positions.get(entry.key)?.findLast((one) => (stream[one]?.event.t ?? 0) <= until) ?? -1;
      return { entry, at };
    });
  const topicOf = topicsOf(witnessed);
  const topicAt = (at: number) => topicOf(stream[at]?.event as EventOf<'message'> | undefined);
  const returns = away.flatMap(({ from, to }, k): Return[] => {
    const until = away[k + 1]?.from ?? history.events.at(-1)?.t ?? to;
    const newest = stream.findLastIndex(({ event }) => event.t <= to);
    if ((stream[newest]?.event.t ?? 0) < from) return [];
    const got = placed(
      keyed(
        received.filter(({ t }) => t >= from && t < until),
        field,
      ),
    );
    const first = got.find(({ at }) => at >= newest);
    const shown = toldField ? placed(told.filter(({ event }) => event.t >= from && event.t < until)) : got;
    const staleMs = first && Math.max(0, first.entry.event.t - to);
    const untold =
      toldField !== undefined && !placed(told).some(({ entry, at }) => entry.event.t >= to && at >= newest);
    const strange = got.filter(({ at }) => at < 0).length;
    return [{ to, until, staleMs, untold, older: olderOf(shown, newest, topicAt), strange }];
  });
  return { view: toldField ? 'application' : 'wire', returns };
}

interface Placed {
  readonly entry: Entry;
  /** Its place among the witness's; -1 where it is none of them. */
  readonly at: number;
}

/** By id or, where there is none, by the whole message but for the time that stands in it: each session may be told its own. */
function keyed(events: readonly EventOf<'message'>[], field: IdField | undefined): Entry[] {
  if (field) return entriesOf(events, field);
  return events.map((event) => {
    const values = Object.entries(event.fields ?? {}).filter(([, value]) => !isTime(numberOf(value)));
    const key = values.map(([pointer, value]) => `${pointer}=${canonical(value)}`).join();
    return { key: key === '' ? event.hash : key, event };
  });
}

/** Of this century, in seconds, milliseconds, microseconds or nanoseconds. */
function isTime(value: number | undefined): boolean {
  return value !== undefined && [1e-3, 1, 1e3, 1e6].some((unit) => value > 1e12 * unit && value < 4.2e12 * unit);
}

/** What came behind something newer of its topic, once the newest had come: a snapshot may tell one topic after another. */
function olderOf(shown: readonly Placed[], newest: number, topicAt: (at: number) => string): Entry[] {
  const tops = new Map<string, number>();
  let current = false;
  return shown.flatMap(({ entry, at }) => {
    current ||= at >= newest;
    if (!current || at < 0) return [];
    const topic = topicAt(at);
    const top = tops.get(topic) ?? -1;
    tops.set(topic, Math.max(top, at));
    return at < top ? [entry] : [];
  });
}

/** The kind of a message: its fields, and the values of those texts that come again and again. */
function topicsOf(messages: readonly EventOf<'message'>[]): (event: EventOf<'message'> | undefined) => string {
  const texts = new Map<string, string[]>();
  for (const { fields = {} } of messages) {
    for (const [pointer, value] of Object.entries(fields)) {
      if (typeof value !== 'object' || value === null) continue;
      const list = texts.get(pointer);
      if (list) list.push(value.hash);
      else texts.set(pointer, [value.hash]);
    }
  }
  const names = new Set(
    [...texts].filter(([, values]) => new Set(values).size * PER_TOPIC <= values.length).map(([pointer]) => pointer),
  );
  return (event) =>
    Object.entries(event?.fields ?? {})
      .map(([pointer, value]) =>
        names.has(pointer) && typeof value === 'object' && value !== null ? `${pointer}=${value.hash}` : pointer,
      )
      .sort()
      .join();
}
