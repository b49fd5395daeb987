import type { EventBodyAt, Facts } from '../../harness/contract.js';
import { MIB } from '../../harness/numbers.js';
import { judgeStory } from '../../harness/story.js';
import slowNeighbour from './slow-neighbour.js';
import unboundedBuffer from './unbounded-buffer.js';

const bite: EventBodyAt = [0, { type: 'fault', fault: 'slow-reader', what: 'bite', who: 's', facts: {} }];
const taken = { fastTakenBytes: 170 * MIB, slowTakenBytes: 0, kernelBytes: 10 * MIB, neededBytes: 138 * MIB };
const pushed = (facts: Facts): EventBodyAt => [
  9000,
  {
    type: 'measure',
    name: 'pushed',
    facts: { mode: 'push', tookMs: 9000, disconnectedAtMs: null, ...taken, ...facts },
  },
];

describe('under a push', () => {
  const memoryOf = (fastPeak: number, slowPeak: number) =>
    judgeStory(unboundedBuffer.value, [
      bite,
      [0, { type: 'measure', name: 'before', facts: { fastRssBytes: 50 * MIB, slowRssBytes: 50 * MIB } }],
      pushed({ fastPeakBytes: fastPeak * MIB, slowPeakBytes: slowPeak * MIB, alive: true }),
    ]).outcome;

  it.each([
    [60, 70, 'pass'],
    [60, 300, 'fail'],
    [330, 350, 'inconclusive'],
    [330, 500, 'fail'],
  ])('a control of %d MiB beside %d MiB is %s', (fast, slow, outcome) => expect(memoryOf(fast, slow)).toBe(outcome));

  it.each([
    ['a little short of what it was to be, which still shows what is kept', 137, 'pass'],
    ['far short of it', 100, 'skipped'],
  ])('a push is %s', (_, pushedMiB, outcome) => {
    const { outcome: is } = judgeStory(unboundedBuffer.value, [
      bite,
      [0, { type: 'measure', name: 'before', facts: { fastRssBytes: 50 * MIB, slowRssBytes: 50 * MIB } }],
      pushed({ fastTakenBytes: pushedMiB * MIB, fastPeakBytes: 60 * MIB, slowPeakBytes: 61 * MIB, alive: true }),
    ]);
    expect(is).toBe(outcome);
  });

  const gapsOf = (fast: number, slow: number, alive: boolean) =>
    judgeStory(slowNeighbour.value, [
      bite,
      pushed({ alive }),
      [15_000, { type: 'samples', name: 'fast gap', unit: 'ms', values: Array.from({ length: fast }, () => 16) }],
      [15_000, { type: 'samples', name: 'slow gap', unit: 'ms', values: Array.from({ length: slow }, () => 16) }],
      [15_000, { type: 'measure', name: 'sampled', facts: { kind: 'gap', fastMissing: 0, slowMissing: 0 } }],
    ]).outcome;

  it.each([
    [4000, 3900, true, 'pass'],
    [4000, 120, true, 'fail'],
    [4000, 120, false, 'inconclusive'],
    [300, 20, true, 'inconclusive'],
  ])(
    '%d messages beside fast readers, %d beside slow ones, the server alive: %s, is %s',
    (fast, slow, alive, outcome) => expect(gapsOf(fast, slow, alive)).toBe(outcome),
  );
});
