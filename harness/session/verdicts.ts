import { type Catalog, loadCatalog } from '../catalog.js';
import type { Check, HistoryEvent, Run, RunOptions, Target, Verdict } from '../contract.js';
import { hasCrashed, judge, type Planned, summarize } from '../judge.js';
import { isSecure } from '../protocol.js';
import { withWaivers } from '../waivers.js';
import { SESSION } from './names.js';
import { fromPartOfThePast } from './part-of-the-past.js';
import { LET_GO } from './recent-past.js';
import { sessionHistory } from './session-history.js';

/**
 * Verdicts on what was done by hand, from the same checks: each scenario that can reads its own kind of evidence out of the
 * session. Pure, so that it is the same live, at the end, and from the saved run.
 */
export function judgeSession(
  events: readonly HistoryEvent[],
  target: Target,
  options: RunOptions,
  { checks, scenarios }: Catalog,
): Verdict[] {
  const session = sessionHistory(events, target.client !== undefined);
  const histories = new Map<string, readonly HistoryEvent[]>();
  const needs = new Map<string, string>();
  for (const { id, byHand } of scenarios) {
    const read = byHand?.read(session);
    if (read) histories.set(id, whole(read));
    if (byHand) needs.set(id, byHand.needs);
  }
  const untried = new Set<string>();
  const planned = checks
    .filter(({ id }) => id.startsWith(`${target.protocol}/`))
    .filter(({ id }) => options.only.length === 0 || options.only.includes(id))
    .map((check): Planned => {
      const skip = skipOf(check);
      return skip === undefined ? { check } : { check, skip };
    });
  const judged = judge(planned, histories, target, options);
  const letGo = session.of('obstacle').findLast(({ code }) => code === LET_GO);
  return letGo ? judged.map((one) => fromPartOfThePast(one, letGo, untried.has(one.check))) : judged;

  function skipOf(check: Check): string | undefined {
    if (options.skip.includes(check.id)) return 'skipped by --skip';
    if (target.severity[check.id] === 'off') return 'severity is off in the config';
    // A scenario without a client has sessions of our own.
    if (check.role === 'client' && target.replay && !target.client)
      return 'needs --client: who came back was Holdfast itself';
    if (isSecure(target.server?.url)) return 'a session passes TLS on and does not read it: needs holdfast check';
    const need = needs.get(check.scenario);
    if (!check.byHand || need === undefined) return 'a session by hand cannot show it: needs holdfast check';
    // What was seen by hand and is not seen again is no pass.
    const seen = histories.has(check.scenario) || target.replay?.judged.includes(check.id);
    const why = check.unless?.(target);
    if (why !== undefined || seen) return why;
    untried.add(check.id);
    return `needs that you ${need}`;
  }
}

/** All that a session's run says. It has no grade: what was looked at was chosen by hand. */
export function concludeSession(
  events: readonly HistoryEvent[],
  target: Target,
  options: RunOptions,
  startedAt: string,
): Pick<Run, 'verdicts' | 'waivers' | 'selfCheck' | 'summary'> {
  const judged = judgeSession(events, target, options, loadCatalog());
  const { verdicts, waivers } = withWaivers(judged, target.known, startedAt);
  const crashed = hasCrashed(new Map([[SESSION, events]]));
  const summary = { ...summarize(verdicts, 1, target.roles, crashed), grade: null };
  return { verdicts, waivers, selfCheck: null, summary };
}

/** Who reads something out of a session has seen all of it that is needed: nothing of it is still to come. */
function whole(read: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const last = read.at(-1);
  return last ? [...read, { seq: last.seq, t: last.t, scenario: last.scenario, type: 'phase', phase: 'done' }] : read;
}
