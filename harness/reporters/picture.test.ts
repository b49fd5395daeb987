import type { EventBody, HistoryEvent } from '../contract.js';
import { aCut, aHistory, aStorm } from '../page/page.test.rig.js';
import { aRun, aVerdict } from './a-run.js';
import { pictureOf } from './picture.js';
import { thinned } from './thinned.js';

const FAULTS = [
  { id: 'reset', about: 'cut by a true RST', momentary: true },
  { id: 'refuse', about: 'refused' },
] as const;

function drawn(events: readonly HistoryEvent[], verdicts = [aVerdict({ scenario: 'outage', because: [] })]) {
  const { target } = aRun(verdicts);
  const picture = pictureOf({ scenario: 'outage', events, verdicts, target, faults: FAULTS });
  if (!picture) throw new Error('no picture');
  return picture;
}

test('connections are bars of their gate, told apart by whether a session began', () => {
  const { lanes } = drawn(aCut('copy-1'));
  expect(lanes.map(({ name }) => name)).toEqual(['copy-1']);
  expect(lanes[0]?.bars.map(({ fromMs, toMs, state, how }) => [fromMs, toMs, state, how])).toEqual([
    [200, 2002, 'open', 'RST'],
    [3000, 3050, 'mute', 'RST'],
    [5000, 5040, 'mute', 'RST'],
    [8000, 9500, 'open', ''],
  ]);
});

test('a fault lasts until it is healed, one of an instant only as long as it was seen to act', () => {
  const { faults } = drawn(aCut('copy-1'));
  expect(faults.map(({ fault, bands }) => [fault, bands[0]?.[0], bands[0]?.[1], bands[0]?.[3]])).toEqual([
    ['refuse', 2000, 6000, 'copy-1'],
    ['reset', 2001, 2003, undefined],
  ]);
});

test('connections at the same time lie in rows of their own', () => {
  const start = (t: number, conn: number): [number, EventBody] => [
    t,
    { type: 'connection', gate: 'clients', conn, what: 'start' },
  ];
  const { lanes } = drawn(
    aHistory('outage', [start(0, 1), start(10, 2), start(20, 3), [1000, { type: 'phase', phase: 'done' }]]),
  );
  expect(lanes[0]?.bars.map(({ row }) => row)).toEqual([0, 1, 2]);
});

test('more than can be told apart are a crowd: how many began, and how many were there', () => {
  const { lanes, leftOut } = drawn(aStorm(1000));
  const crowd = lanes.find(({ name }) => name === 'storm')?.crowd;
  expect(crowd?.stepMs).toBe(100);
  expect(crowd?.began.reduce((sum, n) => sum + n, 0)).toBe(2000);
  expect(Math.max(...(crowd?.open ?? []))).toBe(1000);
  expect(crowd?.open.at(-1)).toBe(0);
  expect(leftOut).toBe(0);
});

test('lanes that verdicts rest on come first, and those without room are counted', () => {
  const events = aStorm(100, (n) => (n === 99 ? 'victim' : `crowd-${n}`));
  const because = events.find((event) => 'gate' in event && event.gate === 'victim')?.seq ?? 0;
  const { lanes, leftOut } = drawn(events, [aVerdict({ scenario: 'outage', because: [because] })]);
  expect(lanes[0]?.name).toBe('victim');
  expect(lanes.length + leftOut).toBe(100);
});

test('messages that a check counted as lost or doubled are marked where they are missing', () => {
  const message = (gate: string, n: number, t: number): [number, EventBody] => [
    t,
    {
      type: 'message',
      gate,
      conn: 1,
      dir: 'down',
      opcode: 'text',
      bytes: 9,
      hash: `m${n}`,
      form: 'json',
      fields: { '/seq': n },
    },
  ];
  const end: EventBody = {
    type: 'connection',
    gate: 'victim',
    conn: 1,
    what: 'end',
    by: 'gate',
    how: 'RST',
    upBytes: 1,
    downBytes: 9,
  };
  const ids = Array.from({ length: 80 }, (_, n) => n);
  const got = [...ids.filter((n) => n < 60 || n > 64), 70];
  const events = aHistory(
    'outage',
    [
      ...ids.map((n) => message('witness', n, n * 100)),
      ...got.map((n, index) => message('victim', n, index < 60 ? n * 100 + 1 : 9000 + index)),
      [5950, { type: 'phase', phase: 'fault', label: 'cut' }] as [number, EventBody],
      [5995, end] as [number, EventBody],
      [8990, { type: 'connection', gate: 'victim', conn: 2, what: 'start' }] as [number, EventBody],
    ].sort(([a], [b]) => a - b),
  ).map((event) =>
    event.type === 'message' && event.gate === 'victim' && event.t > 8000 ? { ...event, conn: 2 } : event,
  );
  const verdict = (lost: number) =>
    aVerdict({ scenario: 'outage', outcome: 'fail', because: [], measured: { lost, duplicated: 1, reordered: 0 } });
  const kinds = (lost: number) => drawn(events, [verdict(lost)]).strays.map(({ kind }) => kind);
  expect(kinds(5)).toEqual(['lost', 'lost', 'lost', 'lost', 'lost', 'duplicated']);
  expect(kinds(0)).toEqual(['duplicated']);
});

test('how late messages came is told against where they were seen first', () => {
  const message = (gate: string, n: number, t: number): [number, EventBody] => [
    t,
    { type: 'message', gate, conn: 1, dir: 'down', opcode: 'text', bytes: 9, hash: `m${n}` },
  ];
  const ids = Array.from({ length: 12 }, (_, n) => n);
  const events = aHistory(
    'outage',
    ids.flatMap((n) => [message('spike-far', n, n * 100), message('spike', n, n * 100 + 40)]),
  );
  const plot = drawn(events).plots.find(({ unit }) => unit === 'ms');
  expect(plot?.series.map(({ name, ys }) => [name, new Set(ys)])).toEqual([['spike', new Set([40])]]);
});

test('thinning keeps the order and every peak', () => {
  const points = Array.from({ length: 10_000 }, (_, n) => [n, n === 7777 ? 1000 : n % 10] as const);
  const kept = thinned(points, 400);
  expect(kept.length).toBeLessThanOrEqual(400);
  expect(kept).toContainEqual([7777, 1000]);
  expect(kept.map(([x]) => x)).toEqual(kept.map(([x]) => x).toSorted((a, b) => a - b));
});
