import type { EventBodyAt, MessageFacts } from './contract.js';
import { currencyOf } from './currency.js';
import { viewOf } from './history.js';
import { tell } from './story.js';

type Fields = NonNullable<MessageFacts['fields']>;
const REQUEST = { calmTo: 2000, away: [{ from: 2000, to: 3000 }] };
const all = Array.from({ length: 60 }, (_, n) => n);
const text = (value: string) => ({ hash: value, length: value.length });

function message(gate: string, hash: string, fields: Fields) {
  const facts = { opcode: 'text', bytes: 9, hash, form: 'json', fields } as const;
  return { type: 'message', gate, conn: 1, dir: 'down', ...facts } as const;
}

/** One message each 100 ms; the victim sees them until 2000, and then those that `after` names, from 3100 on. */
function judged(
  fields: (n: number) => Fields,
  after: readonly (readonly [t: number, n: number])[],
  hash = (n: number) => `m${n}`,
) {
  const events: EventBodyAt[] = [
    ...all.map((n): EventBodyAt => [n * 100, message('witness', hash(n), fields(n))]),
    ...all.slice(0, 20).map((n): EventBodyAt => [n * 100 + 1, message('victim', hash(n), fields(n))]),
    ...after.map(([t, n]): EventBodyAt => [t, message('victim', hash(n), fields(n))]),
    [6000, { type: 'phase', phase: 'done' }],
  ];
  const currency = currencyOf(viewOf(tell(events.sort((a, b) => a[0] - b[0]))), REQUEST);
  if ('unknown' in currency) return currency.unknown;
  return currency.returns.map(({ staleMs, older }) => ({ staleMs, older: older.length }));
}

const live = all.slice(31).map((n) => [n * 100 + 1, n] as const);
const seq = (n: number): Fields => ({ '/seq': n });

test('the time to the first message as new as the witness had is what counts', () => {
  expect(judged(seq, live)).toEqual([{ staleMs: 101, older: 0 }]);
  expect(judged(seq, [])).toEqual([{ staleMs: undefined, older: 0 }]);
});

test('a backlog before the current value is no harm, and behind it is', () => {
  const backlog = all.slice(20, 30).map((n, i) => [3001 + i, n] as const);
  expect(judged(seq, [...backlog, ...live])).toEqual([{ staleMs: 101, older: 0 }]);
  const late = all.slice(20, 30).map((n, i) => [3102 + i, n] as const);
  expect(judged(seq, [...live, ...late])).toEqual([{ staleMs: 101, older: 10 }]);
});

test('a snapshot that tells one topic after another brings nothing older', () => {
  const topics = (n: number): Fields => ({ '/seq': n, '/symbol': text(n % 2 === 0 ? 'BTC' : 'ETH') });
  expect(judged(topics, [[3001, 30], [3002, 29], ...live])).toEqual([{ staleMs: 1, older: 0 }]);
});

test('without ids the whole message is its own, and a value that recurs is the newest of its kind', () => {
  const value = (n: number): Fields => ({ '/value': n % 7 });
  expect(judged(value, live, (n) => `v${n % 7}`)).toEqual([{ staleMs: 101, older: 0 }]);
});

test('the time that each session is told for itself does not make another message of it', () => {
  let ms = 0;
  const timed = (n: number): Fields => ({ '/price': n + 0.5, '/t': 1_790_000_000_000 + ms++ });
  expect(judged(timed, live, () => `${ms}`)).toEqual([{ staleMs: 101, older: 0 }]);
});

test('a client that sees another stream on a healthy path is not judged', () => {
  const events: EventBodyAt[] = all.flatMap((n): EventBodyAt[] => [
    [n * 100, message('witness', `w${n}`, { '/w': n })],
    [n * 100, message('victim', `v${n}`, { '/v': n })],
  ]);
  expect(currencyOf(viewOf(tell(events)), REQUEST)).toMatchObject({ unknown: expect.stringMatching(/shared only 0/) });
});
