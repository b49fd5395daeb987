import { judgeBudgets } from './budget.js';
import type { HistoryEvent, Run } from './contract.js';
import { hasCrashed, judge, summarize } from './judge.js';
import type { Plan } from './plan.js';
import { SELF_CHECK, selfCheckOf } from './self-check-verdicts.js';
import { SESSION } from './session/names.js';
import { concludeSession } from './session/verdicts.js';
import { withWaivers } from './waivers.js';

export type Concluded = Pick<Run, 'verdicts' | 'waivers' | 'budgets' | 'selfCheck' | 'summary'>;

/** All that a run says, from its plan and its history: pure, and the same when a saved run is judged again. */
export function conclude(
  plan: Plan,
  histories: ReadonlyMap<string, readonly HistoryEvent[]>,
  startedAt: string,
): Concluded {
  const { target, options, planned, mustLeftOut } = plan;
  // What was done by hand, now or in a scenario that does it again, is judged by what it shows.
  const session = histories.get(SESSION);
  if (session) {
    const concluded = concludeSession(session, target, options, startedAt);
    return { ...concluded, budgets: judgeBudgets(plan.budgets, concluded.verdicts, histories) };
  }
  const selfCheck = selfCheckOf(histories.get(SELF_CHECK) ?? [], plan);
  const judged = judge(planned, histories, target, options, selfCheck);
  const { verdicts, waivers } = withWaivers(judged, target.known, startedAt);
  const summary = summarize(verdicts, options.scale, target.roles, hasCrashed(histories), mustLeftOut.length);
  const budgets = judgeBudgets(plan.budgets, verdicts, histories);
  return { verdicts, waivers, budgets, selfCheck, summary };
}
