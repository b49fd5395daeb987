import { loadCatalog } from '../../harness/catalog.js';
import { judgeStory } from '../../harness/story.js';

describe('a client that stays away', () => {
  const check = loadCatalog().checks.find(({ id }) => id === 'websocket/no-reconnect');
  const judged = (maxMs: number) =>
    check &&
    judgeStory(check, [[1, { type: 'loop', who: 'reconnect', p99Ms: maxMs, maxMs }], ...(check.examples.fail ?? [])]);

  test.each([
    ['fails', 3000, 'fail'],
    ['is not blamed where the harness itself stood still for a quarter of the time', 16_000, 'inconclusive'],
  ])('%s', (_, maxMs, outcome) => {
    expect(judged(maxMs)?.outcome).toBe(outcome);
  });
});
