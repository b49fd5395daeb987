import { loadCatalog } from '../../harness/catalog.js';
import { MIB } from '../../harness/numbers.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';

const check = loadCatalog().checks.find(({ id }) => id === 'websocket/unbounded-buffer');

/** What two copies came to under a push of which 130 MiB were withheld from the slow clients of one. */
function outcome(fastPeakBytes: number, slowPeakBytes: number): string {
  if (!check) throw new Error('no check');
  const taken = { fastTakenBytes: 170 * MIB, slowTakenBytes: 0, kernelBytes: 40 * MIB, neededBytes: 168 * MIB };
  const facts = { mode: 'push', tookMs: 9000, ...taken, fastPeakBytes, slowPeakBytes, disconnectedAtMs: null };
  const before = { fastRssBytes: 50 * MIB, slowRssBytes: 50 * MIB };
  return judgeStory(
    check,
    [
      [0, { type: 'fault', fault: 'slow-reader', what: 'bite', who: 's', facts: {} }],
      [0, { type: 'measure', name: 'before', facts: before }],
      [9000, { type: 'measure', name: 'pushed', facts }],
    ],
    STORY_TARGET,
  ).outcome;
}

describe('unbounded-buffer', () => {
  test('a heap that grows as much where all read fast hides what is kept for the slow', () => {
    expect(outcome(320 * MIB, 345 * MIB)).toBe('inconclusive');
  });

  test('a copy that does not grow for its slow clients keeps nothing, whatever the other one does', () => {
    expect(outcome(190 * MIB, 55 * MIB)).toBe('pass');
  });

  test('what it grows by beyond the other is what it keeps', () => {
    expect(outcome(60 * MIB, 250 * MIB)).toBe('fail');
  });
});
