import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { COPY_GATE } from '../../harness/outage.js';
import { judgeStory } from '../../harness/story.js';
import { outageStory } from './outage-evidence.js';

const judged = (events: readonly EventBodyAt[], name = 'fixed-retry') => {
  const check = loadCatalog().checks.find(({ id }) => id === `websocket/${name}`);
  if (!check) throw new Error('no such check');
  return judgeStory(check, events);
};

const returned = (closedBackMs: number | null, back: number): EventBodyAt[] => [
  ...outageStory([1000, 1000, 1000, 1000, 1000], 0).filter(
    ([, event]) => event.type !== 'measure' || event.name !== 'closed copy',
  ),
  [71_000, { type: 'measure', name: 'closed copy', facts: { backMs: closedBackMs } }],
  [71_000, { type: 'measure', name: 'returned copies', facts: { copies: 8, back } }],
];

describe('a client whose copy behind a closed port stays away', () => {
  test('is not timed where the others came back: it behaves differently when refused', () => {
    const { outcome, reason } = judged(returned(null, 8));
    expect([outcome, reason]).toEqual(['inconclusive', expect.stringContaining('behaves differently')]);
  });

  test('is judged by the attempts it made where all of them gave up', () => {
    expect(judged(returned(null, 0)).outcome).toBe('fail');
  });

  test('is judged where it came back', () => {
    expect(judged(returned(900, 8)).outcome).toBe('fail');
  });
});

describe('a fleet that came while the harness stood still', () => {
  const together = outageStory([2000, 4000, 8000, 16_000], 0);
  const stall = (maxMs: number): EventBodyAt => [2100, { type: 'loop', who: 'outage', p99Ms: maxMs, maxMs }];

  test('is no herd for that: its arrivals bear one time', () => {
    expect(judged([...together, stall(1500)], 'herd-retry').outcome).toBe('inconclusive');
  });

  test('is a herd where the harness stood still for less than it would take', () => {
    expect(judged([...together, stall(20)], 'herd-retry').outcome).toBe('fail');
  });

  test('is spread where it came so far apart that the harness did not do that', () => {
    const apart = outageStory([2000, 4000, 8000, 16_000], 0.3);
    expect(judged([...apart, stall(400)], 'herd-retry').outcome).toBe('pass');
    expect(judged([...apart, stall(1500)], 'herd-retry').outcome).toBe('inconclusive');
  });
});

describe('a fleet whose first attempts lie apart', () => {
  /** The control client's copies are seen apart, too: what waits one time is spread by the machine. */
  const noisy = (spread: number, noiseMs: number) =>
    outageStory([1000, 2000, 4000, 8000], spread).map(([t, event]): EventBodyAt => {
      const isFirst = event.type === 'connection' && event.gate.startsWith('control-') && t > 1 && t < 1010;
      return [isFirst ? t + noiseMs * (Number(event.gate.slice(8)) % 4) : t, event];
    });

  test.each([
    ['is spread where the machine is quiet', 0.1, 0, 'pass'],
    ['may be spread by the machine where the control is, too', 0.1, 20, 'inconclusive'],
    ['is spread where it is so by much more than the control', 0.5, 20, 'pass'],
    ['is in step whatever the machine adds', 0.01, 20, 'fail'],
  ])('%s', (_title, spread, noiseMs, outcome) => {
    expect(judged(noisy(spread, noiseMs), 'herd-retry').outcome).toBe(outcome);
  });
});

describe('a first attempt that is seen late on a busy machine', () => {
  /** All that comes after the cut, the known delays of the control client too, is seen 90 ms later. */
  const seenLate = (means: readonly number[]) =>
    outageStory(means, 0.1).map(([t, event]): EventBodyAt => [t > 1 ? t + 90 : t, event]);

  test.each([
    ['is immediate where the control client of known delay was late by as much', 60, 'pass'],
    ['is not where it came later than that', 250, 'fail'],
  ])('%s', (_, firstMs, outcome) => {
    expect(judged(seenLate([firstMs, 1000, 2000, 4000]), 'eager-backoff').outcome).toBe(outcome);
  });
});

// robust-websocket 1.0.0 waits [0, 3000, 10000]; its process ended after two attempts.
describe('a client that tried twice, the first time at once', () => {
  const twice = outageStory([0, 3000], 0);

  test('is judged by the delay before the second', () => {
    expect(judged(twice, 'eager-backoff')).toMatchObject({ outcome: 'pass', measured: { firstDelayMs: 3000 } });
  });

  test('is not said to try without a pause', () => {
    expect(judged(twice, 'no-jitter').outcome).toBe('inconclusive');
  });
});

// nv-websocket-client 2.14, which its README's listener reconnects: the attempt that fails is its last.
describe('a client whose process ended after one attempt', () => {
  const once: EventBodyAt[] = [
    ...returned(null, 0).filter(
      ([t, event]) => !(event.type === 'connection' && event.gate.startsWith(COPY_GATE) && t > 0),
    ),
    ...Array.from({ length: 8 }, (_, i): EventBodyAt[] => [
      [30, { type: 'connection', gate: `${COPY_GATE}${i}`, conn: 0, what: 'start' }],
      [
        31,
        {
          type: 'connection',
          gate: `${COPY_GATE}${i}`,
          conn: 0,
          what: 'end',
          by: 'gate',
          how: 'RST',
          upBytes: 9,
          downBytes: 0,
        },
      ],
      [80, { type: 'process', process: `${COPY_GATE}${i}`, what: 'exit', code: 0 }],
    ]).flat(),
  ];

  test('gave up, and shows no delays that could grow', () => {
    expect(judged(once, 'gives-up').outcome).toBe('fail');
    for (const name of ['fixed-retry', 'no-jitter']) expect(judged(once, name).outcome).toBe('skipped');
    expect(judged(once).reason).toContain('follows from gives-up');
  });
});

// Action Cable's client looks every 3 s whether anything came, and waits 6 s times 1.15 for each attempt and up to 15 % more.
describe('a client that notices its loss by a timer of its own', () => {
  test('grows where each delay after the first is longer than the one before', () => {
    expect(judged(outageStory([11_100, 6750, 8490, 10_260, 11_060, 12_750], 0.04))).toMatchObject({
      outcome: 'pass',
      actual: expect.stringContaining('after a first one that is longer'),
    });
  });

  test('does not where they stay', () => {
    expect(judged(outageStory([11_100, 6800, 6900, 6800, 6950, 6850], 0.04)).outcome).toBe('fail');
  });
});

// pusher-js waits 1, 15 and 30 s, SignalR 0, 2, 10 and 30 s: three delays are too few for a fit, and yet no fixed ones.
describe('a client that waits so long that three delays are seen', () => {
  test('grows where each process waits half as long again each time', () => {
    expect(judged(outageStory([1020, 15_000, 30_000], 0.01))).toMatchObject({ outcome: 'pass', confidence: 'medium' });
  });

  test('is not known to where one does not', () => {
    expect(judged(outageStory([15_000, 20_000, 30_000], 0.01)).outcome).toBe('inconclusive');
  });
});

// ezsockets, websocket-client and many a loop of an application's own wait 5 s.
test('a timer of 5 s waits no longer than 5 s', () => {
  expect(judged(outageStory([5020, 5010, 5010, 5010], 0), 'eager-backoff').outcome).toBe('pass');
  expect(judged(outageStory([5600, 5600, 5600, 5600], 0), 'eager-backoff').outcome).toBe('fail');
});
