import { compareRuns, hasRegressed, type Kind } from './compare.js';
import type { Outcome, Verdict } from './contract.js';
import { aRun, aVerdict } from './reporters/a-run.js';
import { renderComparison } from './reporters/comparison.js';

function turned(before: Outcome | null, after: Outcome | null, given: Partial<Verdict> = {}) {
  const runs = [before, after].map((outcome) =>
    aRun([aVerdict({ check: 'websocket/other' }), ...(outcome === null ? [] : [aVerdict({ ...given, outcome })])]),
  );
  const [a = aRun([]), b = aRun([])] = runs;
  return { a, b, comparison: compareRuns(a, b) };
}

describe('two runs', () => {
  test.each<[Outcome | null, Outcome | null, Kind, 'yes' | 'no' | 'unknown']>([
    ['pass', 'pass', 'same', 'no'],
    ['fail', 'fail', 'same', 'no'],
    ['pass', 'fail', 'worse', 'yes'],
    ['fail', 'pass', 'better', 'no'],
    ['pass', 'inconclusive', 'doubtful', 'unknown'],
    ['inconclusive', 'fail', 'doubtful', 'unknown'],
    ['fail', 'inconclusive', 'unclear', 'no'],
    ['inconclusive', 'pass', 'unclear', 'no'],
    ['skipped', 'fail', 'asked', 'no'],
    ['pass', 'skipped', 'asked', 'no'],
    ['pass', null, 'asked', 'no'],
    [null, 'fail', 'asked', 'no'],
    [null, 'skipped', 'same', 'no'],
  ])('%s and then %s is %s; a regression: %s', (before, after, kind, regressed) => {
    const { comparison } = turned(before, after);
    expect(comparison.changes.at(-1)?.kind).toBe(kind);
    expect(hasRegressed(comparison)).toBe(regressed);
  });

  it('that decided nothing in common have no known regressions', () => {
    expect(hasRegressed(compareRuns(aRun([aVerdict()]), aRun([])))).toBe('unknown');
  });

  it('a severity of warn in the later one takes a check out of the gate', () => {
    const { a, b } = turned('pass', 'fail');
    const target = { ...b.target, severity: { 'websocket/no-heartbeat': 'warn' } } as const;
    expect(hasRegressed(compareRuns(a, { ...b, target }))).toBe('no');
  });

  it('a crash of the server that was none before is a regression', () => {
    const { a, b } = turned('pass', 'pass');
    const crashed = { ...b, summary: { ...b.summary, crashed: true } };
    expect(hasRegressed(compareRuns(a, crashed))).toBe('yes');
    expect(hasRegressed(compareRuns(crashed, crashed))).toBe('no');
  });

  it('a budget that was kept and is not now is a regression', () => {
    const { a, b } = turned('pass', 'pass');
    const facts = { budget: 'x <= 1', check: 'websocket/x', role: 'server', actual: '2', value: 2 } as const;
    const kept = { ...a, budgets: [{ ...facts, outcome: 'pass' } as const] };
    expect(hasRegressed(compareRuns(kept, { ...b, budgets: [{ ...facts, outcome: 'fail' }] }))).toBe('yes');
  });

  it('numbers that moved by a quarter and can be felt are told', () => {
    const run = (measured: Verdict['measured']) => aRun([aVerdict({ measured })]);
    const before = run({ aMs: 10, bMs: 1000, cMs: 1000, lost: 0, kind: 'ping', dBytes: 5e6 });
    const after = run({ aMs: 90, bMs: 1200, cMs: 2000, lost: 3, kind: 'message', dBytes: null });
    expect(compareRuns(before, after).numbers).toEqual([
      { name: 'websocket/no-heartbeat cMs', before: 1000, after: 2000 },
      { name: 'websocket/no-heartbeat lost', before: 0, after: 3 },
    ]);
  });

  it('are told as sections, with what makes them hard to compare, and with no control character of a target', () => {
    const { a, b, comparison } = turned('pass', 'fail', { actual: 'gone\u001b[2J' });
    const text = renderComparison(a, b, comparison, { columns: Number.POSITIVE_INFINITY, color: false });
    expect(text).toContain('Worse: passed before, fails now\n  MUST    websocket/no-heartbeat  pass -> fail');
    expect(text).toContain('gone\\e[2J');
    expect(text).toContain('1 flipped (0 better, 1 worse), 0 doubtful, 1 the same; both runs decided 2\n');
    const scaled = { ...b, options: { ...b.options, scale: 0.5 } };
    const other = renderComparison(a, scaled, compareRuns(a, scaled), { columns: 80, color: false });
    expect(other).toContain('the runs differ in more than the program: scale 1 and 0.5');
  });
});
