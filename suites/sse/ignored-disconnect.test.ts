import type { EventBodyAt, Facts } from '../../harness/contract.js';
import { MIB } from '../../harness/numbers.js';
import { judgeStory } from '../../harness/story.js';
import ignoredDisconnect from './ignored-disconnect.js';

/** What is known before anybody left, and after each thousand. */
function outcomeOf(before: Facts, ...after: readonly Facts[]) {
  const usual = { left: 1000, held: 110, tookMs: 40, writes: 4, descriptors: 8, alive: true };
  const story: EventBodyAt[] = [
    [0, { type: 'measure', name: 'before', facts: { descriptors: 8, ...before } }],
    [1, { type: 'fault', fault: 'departure', what: 'bite', who: 'd', facts: {} }],
    ...after.map((facts, i): EventBodyAt => {
      return [9000 * (i + 1), { type: 'measure', name: 'after', facts: { ...usual, ...facts } }];
    }),
  ];
  return judgeStory(ignoredDisconnect.value, story).outcome;
}

const cost = (workMs: number | null, mebibytes: number) => ({ workMs, rssBytes: mebibytes * MIB });

describe('a server whose clients have left', () => {
  it.each([
    ['does no more for each write than before', [cost(0.4, 50), cost(0.5, 60)], 'pass'],
    ['does more with each thousand', [cost(0.4, 50), cost(2.4, 52), cost(4.4, 54)], 'fail'],
    ['does more once, and then no more', [cost(0.4, 50), cost(2.4, 52), cost(2.5, 54)], 'pass'],
    ['does more each time, but for a moment of a collector', [4, 31, 20, 39, 61].map((ms) => cost(ms, 50)), 'fail'],
    ['does more as the machine gets busier', [cost(0.4, 50), cost(1.5, 52), cost(2, 54)], 'pass'],
    ['does a little more and keeps a little more', [cost(0.3, 50), cost(0.7, 60), cost(1.2, 70)], 'fail'],
    ['keeps much of each of four thousand', [50, 70, 90, 110, 130].map((size) => cost(0.4, size)), 'inconclusive'],
    ['keeps much once', [cost(0.4, 50), cost(0.4, 90), cost(0.4, 95)], 'pass'],
    ['writes too seldom for its work to be seen', [cost(null, 50), cost(null, 52)], 'pass'],
  ] as const)('that %s', (_, [before = {}, ...after], outcome) => expect(outcomeOf(before, ...after)).toBe(outcome));

  it('that wrote too little to notice is not judged by its descriptors', () => {
    expect(outcomeOf(cost(null, 50), { ...cost(null, 50), descriptors: 900, tookMs: null, writes: 1 })).toBe(
      'inconclusive',
    );
  });

  it('that lets hardly anybody in is not judged', () => {
    expect(outcomeOf(cost(0.4, 50), { ...cost(0.4, 50), left: 120 })).toBe('inconclusive');
  });

  it('whose connections another process holds is not judged', () => {
    expect(outcomeOf(cost(0.4, 50), { ...cost(0.4, 50), held: 9 })).toBe('inconclusive');
  });
});
