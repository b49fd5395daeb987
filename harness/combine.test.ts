import { combine, countsText } from './combine.js';
import type { Outcome, Verdict } from './contract.js';
import { aRun, aVerdict } from './reporters/a-run.js';

function together(outcomes: readonly Outcome[], more: Partial<Verdict> = {}) {
  const runs = outcomes.map((outcome, i) =>
    aRun([aVerdict({ outcome, actual: `${outcome} of run ${i + 1}`, ...more })]),
  );
  return combine(runs, aRun([]));
}

describe('several runs', () => {
  test('that agree have one verdict, with its counts', () => {
    const { verdicts, summary } = together(['fail', 'fail', 'fail']);
    expect(verdicts[0]).toMatchObject({ outcome: 'fail', counts: { pass: 0, fail: 3 }, run: 1 });
    expect(summary).toMatchObject({ fail: 1, grade: 'C' });
  });

  test('that disagree are inconclusive, whatever most of them say, and show what the worst of them saw', () => {
    const { verdicts, summary } = together(['pass', 'pass', 'pass', 'fail', 'fail']);
    expect(verdicts[0]).toMatchObject({
      outcome: 'inconclusive',
      reason: '3 pass, 2 fail; fail in run 4: fail of run 4',
      run: 4,
      confidence: 'low',
    });
    expect(summary.grade).toBeNull();
  });

  test('disagree as well where one of them could not decide', () => {
    const [verdict] = together(['pass', 'inconclusive']).verdicts;
    expect(verdict?.outcome).toBe('inconclusive');
    expect(verdict?.counts && countsText(verdict.counts)).toBe('1 pass, 1 inconclusive');
  });

  test('a crash in one of them is a crash', () => {
    const [calm, crashed] = [aRun([aVerdict()]), aRun([aVerdict()])];
    const runs = [calm, { ...crashed, summary: { ...crashed.summary, crashed: true } }];
    expect(combine(runs, aRun([])).summary).toMatchObject({ crashed: true, grade: 'F' });
  });
});
