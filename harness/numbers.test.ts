import { longestGap, ratioOf } from './numbers.js';
import { createRandom } from './random.js';

describe('the longest gap between instants', () => {
  it('counts the time before the first one', () => {
    expect(longestGap([5000, 5100])).toBe(5000);
  });

  it('does not depend on their order', () => {
    expect(longestGap([900, 100, 4000])).toBe(3100);
  });

  it('is without end where there are none', () => {
    expect(longestGap([])).toBe(Number.POSITIVE_INFINITY);
  });
});

const random = createRandom(7, 'ratio');

/** Full jitter: anywhere between nothing and the ceiling. */
const draws = (ceiling: number, count: number) =>
  Array.from({ length: count }, () => random.integer(0, 1000 * ceiling) / 1000);
const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const fleet = (early: number, late: number) =>
  Array.from({ length: 8 }, () => [average(draws(early, 3)), average(draws(late, 10))] as const);

describe('the ratio of late delays to early ones', () => {
  test('is told with bounds that hold the true one, 19 times of 20 and a little less', () => {
    const held = Array.from({ length: 400 }, () => ratioOf(fleet(1000, 3000))).filter(
      (ratio) => ratio && ratio.lower <= 3 && ratio.upper >= 3,
    );
    expect(held.length).toBeGreaterThan(360);
  });

  test('is exact where each process draws one factor for all its delays', () => {
    const ratio = ratioOf([1, 2, 5].map((factor) => [factor, 4 * factor]));
    expect([ratio?.lower, ratio?.value, ratio?.upper].map((value) => value?.toFixed(6))).toEqual(
      Array.from({ length: 3 }, () => '4.000000'),
    );
  });

  test('is not told of two processes', () => {
    expect(
      ratioOf([
        [1, 2],
        [1, 2],
      ]),
    ).toBeUndefined();
  });
});
