import { attemptsAt, curveOf, delaysOf, growthOf, noiseOf, stallOf, tailsOf } from './attempts.js';
import type { EventBodyAt } from './contract.js';
import { viewOf } from './history.js';
import { createRandom } from './random.js';
import { tell } from './story.js';

function connection(gate: string, conn: number, startAt: number, endAt: number): EventBodyAt[] {
  return [
    [startAt, { type: 'connection', gate, conn, what: 'start' }],
    [endAt, { type: 'connection', gate, conn, what: 'end', by: 'gate', how: 'RST', upBytes: 1, downBytes: 0 }],
  ];
}

const view = (events: EventBodyAt[]) => viewOf(tell(events.sort((a, b) => a[0] - b[0])));

describe('attempts', () => {
  test('a burst of connections that overlap or start within 100 ms is one attempt', () => {
    const history = view([
      ...connection('g', 1, 1000, 1010),
      ...connection('g', 2, 1050, 1900),
      ...connection('g', 3, 1800, 1910),
      ...connection('g', 4, 4000, 4001),
    ]);
    const attempts = attemptsAt(history, 'g', 0, 10_000);
    expect(attempts.map(({ startAt, endAt }) => [startAt, endAt])).toEqual([
      [1000, 1910],
      [4000, 4001],
    ]);
    expect(delaysOf(attempts, 500)).toEqual([500, 2090]);
  });

  test('another process, and what lies outside the window, does not count', () => {
    const history = view([
      ...connection('g', 1, 10, 20),
      ...connection('other', 1, 300, 310),
      ...connection('g', 2, 9000, 9001),
    ]);
    expect(attemptsAt(history, 'g', 100, 5000)).toEqual([]);
  });
});

describe('the curve', () => {
  const fleet = (means: number[], spread: number) => {
    const random = createRandom(7, `${means.length}/${spread}`);
    return Array.from({ length: 8 }, () => means.map((ms) => ms * (1 + spread * (2 * random.next() - 1))));
  };

  test('an exponential curve has its cap where two delays follow within 15 %', () => {
    expect(curveOf(fleet([1000, 2000, 4000, 5000, 5000, 5000], 0)).capIndex).toBe(3);
    expect(curveOf(fleet([1000, 2000, 4000, 8000], 0)).capIndex).toBeUndefined();
    expect(curveOf(fleet([1000, 1000, 1000, 1000], 0)).capIndex).toBe(0);
  });

  test('an immediate first retry is told apart from a loop without delay', () => {
    expect(curveOf(fleet([2, 1000, 2000, 4000], 0)).immediate).toBe(true);
    expect(curveOf(fleet([2, 2, 2, 2], 0)).immediate).toBe(false);
  });

  test('jitter is the deviation over processes', () => {
    expect(curveOf(fleet([1000, 1000, 1000], 0)).ratios).toEqual([0, 0, 0]);
    for (const ratio of curveOf(fleet([1000, 2000, 4000], 0.3)).ratios) expect(ratio).toBeGreaterThan(0.05);
  });

  test('growth is seen through jitter, and its absence too', () => {
    const grown = growthOf(curveOf(fleet([1000, 2000, 4000, 8000, 16_000], 0.3)).means);
    const flat = growthOf(curveOf(fleet([1000, 1000, 1000, 1000, 1000, 1000, 1000], 0.3)).means);
    expect(grown?.lower).toBeGreaterThan(1.05);
    expect(flat?.upper).toBeLessThan(1.2);
  });

  test('a control that is late or uneven is not trusted', () => {
    expect(noiseOf(curveOf(fleet([1001, 1001, 1001, 1001], 0.001)), 1000).trusted).toBe(true);
    expect(noiseOf(curveOf(fleet([1200, 1200, 1200, 1200], 0.001)), 1000).trusted).toBe(false);
    expect(noiseOf(curveOf(fleet([1001, 1001, 1001, 1001], 0.1)), 1000).trusted).toBe(false);
  });
});

describe('the tails', () => {
  test('are the last delays where every process ended at its cap', () => {
    const early = [3000, 3900, 5070, 6591, 8568, 10_000, 10_001];
    const late = [1000, 1300, 1690, 2197, 2856, 3713, 4827, 6275, 8157, 10_000, 10_001];
    expect(tailsOf([early, late])).toEqual([10_000, 10_001, 10_000, 10_001]);
  });

  test('are none where one process still grew, or never did', () => {
    expect(
      tailsOf([
        [1000, 2000, 4000, 8000],
        [1000, 2000, 5000, 5000],
      ]),
    ).toBeUndefined();
    expect(tailsOf([[1000, 1000, 1000, 1000]])).toBeUndefined();
  });
});

describe('a stall of the process that stamps the times', () => {
  const stalled = viewOf(
    tell([
      [1000, { type: 'loop', who: 'outage', p99Ms: 5, maxMs: 5 }],
      [4200, { type: 'loop', who: 'outage', p99Ms: 2200, maxMs: 2200 }],
      [9000, { type: 'loop', who: 'outage', p99Ms: 700, maxMs: 700 }],
    ]),
  );

  test('counts where it may have lain in the time asked about', () => {
    expect(stallOf(stalled, 500, 1500)).toBe(2200);
    expect(stallOf(stalled, 5000, 9000)).toBe(700);
  });

  test('does not count where it began later or was over before', () => {
    expect(stallOf(stalled, 0, 900)).toBe(5);
    expect(stallOf(stalled, 4500, 7000)).toBe(0);
  });
});
