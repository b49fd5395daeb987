import type { EventBodyAt } from '../../harness/contract.js';
import { COPY_GATE } from '../../harness/outage.js';
import { judgeStory } from '../../harness/story.js';
import check from './gives-up.js';
import { outageStory } from './outage-evidence.js';

/** Nobody came back in what was watched of the recovery. */
const stayedAway = (delays: readonly number[], watchedAt: number): EventBodyAt[] => [
  ...outageStory(delays, 0.1),
  [watchedAt, { type: 'measure', name: 'returned copies', facts: { copies: 8, back: 0 } }],
];
const exitAt = (t: number): EventBodyAt[] =>
  Array.from({ length: 8 }, (_, i) => [t, { type: 'process', process: `${COPY_GATE}${i}`, what: 'exit', code: 0 }]);
const outcome = (events: readonly EventBodyAt[]) => judgeStory(check.value, events).outcome;

test('a client whose delays grow by e has not given up before the next one may have passed', () => {
  const twisted = [920, 2400, 6400, 15_600, 37_900];
  expect(outcome(stayedAway(twisted, 160_000))).toBe('inconclusive');
  expect(outcome(stayedAway(twisted, 230_000))).toBe('fail');
});

test('a client that was ended when the watching was over has not ended by itself', () => {
  const waiting = stayedAway([1000, 2000, 4000, 8000, 16_000], 72_000);
  expect(outcome([...waiting, ...exitAt(72_500)])).toBe('inconclusive');
  expect(outcome([...waiting.slice(0, -1), ...exitAt(40_000), ...waiting.slice(-1)])).toBe('fail');
});
