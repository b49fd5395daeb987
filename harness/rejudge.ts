import { loadCatalog } from './catalog.js';
import { combine, partsOf } from './combine.js';
import { conclude } from './conclude.js';
import type { Outcome, Run, Target } from './contract.js';
import { makePlan, type Plan } from './plan.js';
import { readRun, readSavedHistory, type SavedRun } from './saved-run.js';

/** What a config may say anew of a run that is over: thresholds, weights, budgets and waivers. */
export type Rules = Pick<Target, 'expect' | 'severity' | 'budgets' | 'known'>;

/** A verdict that is another one now. */
export interface Flip {
  readonly check: string;
  readonly role: 'client' | 'server';
  readonly from: Outcome;
  readonly to: Outcome;
  /** Thresholds that are others than they were: name, before, now. */
  readonly thresholds: readonly (readonly [string, number | undefined, number])[];
}

/** Judges a saved run again: no network, the same verdicts from the same checks, history and rules. */
export async function rejudge(
  { run: head, directory, unfinished }: SavedRun,
  rulesFor?: (saved: Target) => Rules,
): Promise<{ readonly run: Run; readonly flips: readonly Flip[] }> {
  const saved = unfinished ? { ...head, durationMs: await lastSeenMs(directory) } : head;
  const run = await judgedAgain(directory, saved, { ...saved.target, ...rulesFor?.(saved.target) });
  return { run, flips: unfinished ? [] : flipsOf(saved, run) };
}

/** How far a run came that was never judged. */
async function lastSeenMs(directory: string): Promise<number> {
  const histories = await readSavedHistory(directory);
  return Math.round(Math.max(0, ...[...histories.values()].map((events) => events.at(-1)?.t ?? 0)));
}

async function judgedAgain(directory: string, saved: Run, target: Target): Promise<Run> {
  if (saved.options.repeat !== undefined) {
    const runs: Run[] = [];
    for (const part of partsOf(directory, saved.options.repeat))
      runs.push(await judgedAgain(part, readRun(part), target));
    return combine(runs, { ...saved, target });
  }
  const histories = await readSavedHistory(directory);
  const plan = asItWas(makePlan(target, saved.options, loadCatalog()), saved, histories);
  return { ...saved, target, ...conclude(plan, histories, saved.startedAt) };
}

/** A check that came later, and whose scenario was not run, was not asked: that is no measurement that failed. */
function asItWas(plan: Plan, saved: Run, histories: ReadonlyMap<string, unknown>): Plan {
  const asked = new Set(saved.verdicts.map(({ check }) => check));
  const isLater = ({ check, skip }: Plan['planned'][number]) =>
    skip === undefined && !asked.has(check.id) && !histories.has(check.scenario);
  return {
    ...plan,
    planned: plan.planned.map((one) =>
      isLater(one) ? { ...one, skip: `came after this run, which has no scenario ${one.check.scenario}` } : one,
    ),
    mustLeftOut: [
      ...plan.mustLeftOut,
      ...plan.planned.filter((one) => isLater(one) && one.check.level === 'MUST').map(({ check }) => check.id),
    ],
  };
}

function flipsOf(saved: Run, now: Run): Flip[] {
  return now.verdicts.flatMap((verdict) => {
    const { check, role, outcome, threshold } = verdict;
    const before = saved.verdicts.find((one) => one.check === check && one.role === role);
    if (!before || before.outcome === outcome) return [];
    const thresholds = Object.entries(threshold)
      .map(([name, limit]) => [name, before.threshold[name], limit] as const)
      .filter(([, old, limit]) => old !== limit);
    return [{ check, role, from: before.outcome, to: outcome, thresholds }];
  });
}
