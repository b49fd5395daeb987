import { join } from 'node:path';
import { combinedBudgets } from './budget.js';
import type { Outcome, Run, Verdict } from './contract.js';
import { summarize } from './judge.js';
import { withWaivers } from './waivers.js';

/** What a person should see first of several runs that disagree. */
const WORST: readonly Outcome[] = ['fail', 'inconclusive', 'skipped', 'pass'];

/** The folders of a repeated run's runs. */
export function partsOf(directory: string, times: number): string[] {
  return Array.from({ length: times }, (_, i) => join(directory, String(i + 1)));
}

/** One verdict a check with its counts; where they disagree it is inconclusive, never what most of them say. */
export function combine(runs: readonly Run[], whole: Run): Run {
  const [first] = runs;
  const together = (first?.verdicts ?? []).map(({ check, role }) =>
    agreed(runs.map(({ verdicts }) => verdicts.find((one) => one.check === check && one.role === role))),
  );
  const { verdicts, waivers } = withWaivers(together, whole.target.known, whole.startedAt);
  const crashed = runs.some(({ summary }) => summary.crashed);
  const { scale } = whole.options;
  const summary = summarize(verdicts, scale, whole.target.roles, crashed, first?.summary.mustLeftOut ?? 0);
  return { ...whole, verdicts, waivers, budgets: combinedBudgets(runs), summary };
}

function agreed(list: readonly (Verdict | undefined)[]): Verdict {
  const seen = list.flatMap((verdict, i) => (verdict ? [{ verdict, run: i + 1 }] : []));
  const [outcome, ...others] = WORST.filter((one) => seen.some(({ verdict }) => verdict.outcome === one));
  const shown = seen.find(({ verdict }) => verdict.outcome === outcome);
  if (!shown) throw new RangeError('runs without a verdict in common');
  const of = (one: Outcome) => seen.filter(({ verdict }) => verdict.outcome === one).length;
  const counts = { pass: of('pass'), fail: of('fail'), inconclusive: of('inconclusive'), skipped: of('skipped') };
  const verdict = { ...shown.verdict, counts, run: shown.run };
  if (others.length === 0) return verdict;
  const what = `${shown.verdict.outcome} in run ${shown.run}: ${shown.verdict.actual || shown.verdict.reason}`;
  return { ...verdict, outcome: 'inconclusive', reason: `${countsText(counts)}; ${what}`, confidence: 'low' };
}

/** `3 pass, 2 fail`. */
export function countsText(counts: NonNullable<Verdict['counts']>): string {
  return (['pass', 'fail', 'inconclusive', 'skipped'] as const)
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${outcome}`)
    .join(', ');
}
