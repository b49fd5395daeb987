import { longestGap } from './numbers.js';

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
