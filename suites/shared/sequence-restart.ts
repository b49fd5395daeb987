import type { EventBodyAt, EventOf, HistoryView, Scalar } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { type IdField, idsIn, keyOf, withoutIndexes } from '../../harness/id-field.js';
import { numberOf } from '../../harness/sequence.js';
import { answerTo, messagesTo } from './answer-to-cursor.js';

const BEFORE = ['victim', 'witness', 'good-0', 'good-1'];
/** Numbers that name a life of the server; smaller ones count something. */
const LEAST_IDENTITY = 1e6;
/** Counters of several topics, or a few messages out of order. */
const MOST_FALLS = 0.4;
const IDENTITY = /(epoch|generation|incarnation|stream|boot|instance|term|run)(_?id)?$/i;

export default defineCheck({
  id: 'sequence-restart',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  level: 'MUST',
  antiPattern: 5,
  role: 'server',
  scenario: 'crash',
  title:
    'MUST NOT begin its ids again after a crash, unless the stream has another identity or clients are told to resync',
  why: 'A client that knows 5,000 takes the new 12 for one that it has seen, and drops it, or asks for what comes after 5,000 and gets nothing.',
  fix: 'Keep the counter where a crash does not reach it, begin at a random base with a stream id (an epoch) beside it, or answer an id from before with a reset.',
  source: 'CHECKLIST: crash (SIGKILL) and restart on the same port',
  measured: { idBefore: 'id', idAfter: 'id' },
  expect: { minMessages: 5 },
  needs: ['no-sequence-id'],
  implies: ['silent-gap'],
  unless: (target) =>
    target.delivery === 'latest' ? 'delivery is declared `latest`: messages may be dropped' : undefined,
  judge(history, { expect }) {
    const obstacle = history.of('obstacle').find(({ code }) => ['NO_STREAM', 'NO_ID', 'NOT_BACK'].includes(code));
    if (obstacle?.code === 'NO_STREAM') return skipped(`${obstacle.text}; needs --subscribe`);
    if (obstacle) return inconclusive(obstacle.text, { because: [obstacle] });
    const [bite] = history.bites('crash');
    const found = history.measures('field')[0];
    if (!bite || !found) return inconclusive('the server was not seen to die');
    const field = {
      pointer: String(found.facts.pointer),
      by: found.facts.by === null ? undefined : String(found.facts.by),
    };
    const came = idsTo(history, 'after', field);
    const group = came[0]?.group;
    const before = BEFORE.flatMap((gate) => idsTo(history, gate, field)).filter((id) => id.group === group);
    const after = came.filter((id) => id.group === group);
    const [newest, first] = [before.at(-1), after[0]];
    if (!newest || !first || after.length < (expect.minMessages ?? 5))
      return inconclusive(`only ${after.length} messages with an id came after the restart`);
    const measured = { idBefore: shown(highest(before)), idAfter: shown(first.scalar) };
    const because = [newest.event, bite, first.event];
    const counts = rises(idsTo(history, 'witness', field).filter((id) => id.group === group));
    // What was before and comes again as it was may have been kept; a number says by itself whether others go on.
    const contents = new Map(before.map(({ key, event }) => [key, event.hash]));
    const again = after.filter(
      ({ key, event }) => contents.has(key) && (counts || contents.get(key) !== event.hash),
    ).length;
    if (counts ? number(highest(after)) > number(highest(before)) : again === 0)
      return pass('no id of before the crash names another message after it', { measured, because });
    const { named, other } = identityOf(history, field);
    if (named !== undefined) return pass(`ids begin again, and ${named} is another`, { measured, because });
    const gates = { good: ['good-0', 'good-1'], known: ['victim', 'witness'], field };
    const told = ['returned', 'after'].map((name) => answerTo(history, { ...gates, name }));
    const signal = told.find((answer) => answer.signal !== undefined);
    if (signal)
      return pass(`ids begin again, and clients are told: ${signal.signal}`, {
        measured,
        because: [...because, ...signal.because],
      });
    const unclear = told.find((answer) => answer.unclear !== undefined)?.unclear;
    const maybe = other && `${other} is another, which may name the stream, or who sends`;
    if (maybe ?? unclear) return inconclusive(`ids begin again; ${maybe ?? unclear}`, { measured, because });
    return fail(
      again > 0
        ? `${again} ids of before the crash name other messages after it`
        : 'ids after the crash are lower than before, and nothing says that the stream is another',
      {
        measured,
        because,
      },
    );
  },
  examples: { pass: story(61), fail: story(1) },
});

function idsTo(history: HistoryView, gate: string, field: IdField) {
  return messagesTo(history, gate).flatMap((event) => idsIn(event.fields, field).map((id) => ({ ...id, event })));
}

function highest(ids: readonly { readonly scalar: Scalar | undefined }[]): Scalar | undefined {
  return ids.reduce<Scalar | undefined>(
    (best, { scalar }) => ((numberOf(scalar) ?? 0) >= (numberOf(best) ?? 0) ? scalar : best),
    undefined,
  );
}

function number(scalar: Scalar | undefined): number {
  return numberOf(scalar) ?? 0;
}

/** Numbers in no order, and texts, cannot go back. */
function rises(ids: readonly { readonly scalar: Scalar | undefined }[]): boolean {
  const numbers = ids.map(({ scalar }) => number(scalar));
  const falls = numbers.filter((value, i) => value <= (numbers[i - 1] ?? -1)).length;
  return falls <= MOST_FALLS * numbers.length;
}

function shown(scalar: Scalar | undefined): number | string {
  return numberOf(scalar) ?? 'a text';
}

/** A field that was one and the same for every session before the crash, and is another for every one after it. */
function identityOf(history: HistoryView, field: IdField): { readonly named?: string; readonly other?: string } {
  const before = valuesIn(history, BEFORE, field);
  const after = valuesIn(history, ['after', 'returned'], field);
  const changed = [...before].filter(([pointer, was]) => {
    const is = after.get(pointer);
    if (!is || was.keys.size !== 1 || is.keys.size !== 1 || was.gates.size < 2) return false;
    return [...was.keys].every((key) => !is.keys.has(key));
  });
  const named = changed.find(([pointer]) => IDENTITY.test(pointer.slice(pointer.lastIndexOf('/'))))?.[0];
  // "starting" and "ok" are states: two names of the same make have one length. Small numbers count something.
  const other = changed.find(([pointer, { value }]) => {
    const number = numberOf(value);
    return number === undefined
      ? lengthOf(value) === lengthOf(after.get(pointer)?.value)
      : Math.abs(number) >= LEAST_IDENTITY;
  })?.[0];
  return { ...(named === undefined ? {} : { named }), ...(other === undefined ? {} : { other }) };
}

function lengthOf(value: Scalar | undefined): number {
  return typeof value === 'object' && value !== null ? value.length : 0;
}

function valuesIn(history: HistoryView, gates: readonly string[], field: IdField) {
  const values = new Map<string, { readonly keys: Set<string>; readonly gates: Set<string>; readonly value: Scalar }>();
  for (const event of gates.flatMap((gate): EventOf<'message'>[] => messagesTo(history, gate))) {
    for (const [pointer, value] of Object.entries(event.fields ?? {})) {
      const name = withoutIndexes(pointer);
      if (name === field.pointer || typeof value === 'boolean' || value === null) continue;
      const known = values.get(name) ?? { keys: new Set<string>(), gates: new Set<string>(), value };
      known.keys.add(keyOf(value));
      known.gates.add(event.gate);
      values.set(name, known);
    }
  }
  return values;
}

/** Two sessions see 10..60; after the crash a new one sees what begins at `first`. */
function story(first: number): EventBodyAt[] {
  const message = (gate: string, t: number, n: number) =>
    [
      t,
      {
        type: 'message',
        gate,
        conn: 1,
        dir: 'down',
        opcode: 'text',
        bytes: 9,
        hash: `m${t}`,
        form: 'json',
        fields: { '/seq': n },
      },
    ] as const;
  const numbers = Array.from({ length: 51 }, (_, i) => 10 + i);
  return [
    [0, { type: 'measure', name: 'field', facts: { pointer: '/seq', by: null } }],
    ...numbers.flatMap((n) => [message('victim', n * 100, n), message('witness', n * 100, n)]),
    [6500, { type: 'fault', fault: 'crash', what: 'bite', who: 'crash', facts: {} }],
    ...Array.from({ length: 20 }, (_, i) => message('after', 7000 + i * 100, first + i)),
  ];
}
