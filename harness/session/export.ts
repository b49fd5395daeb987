import type { EventOf, HandScenario, HandStep, HistoryEvent } from '../contract.js';
import { HarnessError } from '../errors.js';
import { readHistory } from '../history.js';
import { historyOf, type SavedRun } from '../saved-run.js';
import { SESSION } from './names.js';
import { sessionHistory } from './session-history.js';

/** Peace before the first act: a client is to have held its connection for 10 s (CHECKLIST rule 10), and a little. */
const LEAD_MS = 12_000;
/** What follows the last act: longer than anything is waited for. */
const TAIL_MS = 100_000;
const LEAST_TAIL_MS = 2000;

/** What a saved session did, as a scenario that does it again: the same acts at the same times on the same places. */
export async function exportSession({ run, directory }: SavedRun): Promise<HandScenario> {
  const events = (await readHistory(historyOf(directory))).get(SESSION);
  if (!events) throw new HarnessError('NO_SESSION', `${directory} is no session: it was not made by holdfast session`);
  const acts = events.filter((event): event is EventOf<'measure'> => event.type === 'measure' && event.name === 'act');
  const [first] = acts;
  if (!first)
    throw new HarnessError(
      'NOTHING_DONE',
      `${directory}: nothing was done in that session, so there is nothing to do again`,
    );
  const { connections } = sessionHistory(events, false);
  const there = connections.filter(({ startT, endT }) => startT < first.t && endT >= first.t);
  if (there.length === 0) {
    throw new HarnessError(
      'NO_CLIENT',
      `${directory}: no client was connected when the first fault was injected, so it cannot be repeated`,
    );
  }
  // From when the last of them was there; a long time in which nothing was done is made short.
  const lead = Math.min(LEAD_MS, first.t - Math.max(...there.map(({ startT }) => startT)));
  const beginT = first.t - Math.max(0, lead);
  const steps = acts.map((act) => stepOf(act, beginT));
  const lastT = acts.at(-1)?.t ?? first.t;
  const endT = Math.min(endOf(events), lastT + TAIL_MS);
  return {
    schema: 'holdfast.scenario/1',
    about: `what was done by hand to ${run.target.name} on ${run.startedAt.slice(0, 10)}`,
    protocol: run.target.protocol,
    seed: run.seed,
    connections: there.length,
    lengthMs: round(Math.max(endT, lastT + LEAST_TAIL_MS) - beginT),
    steps,
    judged: run.verdicts.filter(({ outcome }) => outcome !== 'skipped').map(({ check }) => check),
  };
}

function stepOf({ t, facts }: EventOf<'measure'>, beginT: number): HandStep {
  const atMs = round(Math.max(0, t - beginT));
  const act = Number(facts.act);
  if (facts.what === 'heal') return { atMs, do: 'heal', act };
  const given = Object.entries(facts).flatMap(([name, value]) =>
    name.startsWith('param.') ? [[name.slice('param.'.length), value] as const] : [],
  );
  const on =
    facts.scope === 'share'
      ? { share: Number(facts.share) }
      : facts.scope === 'one'
        ? { nth: Number(facts.nth) }
        : ('all' as const);
  return {
    atMs,
    do: 'inject',
    act,
    left: Number(facts.left),
    fault: String(facts.fault),
    params: Object.fromEntries(given),
    on,
  };
}

/** When the session was ended, before it was healed for that. */
function endOf(events: readonly HistoryEvent[]): number {
  return events.findLast(({ type }) => type === 'loop')?.t ?? events.at(-1)?.t ?? 0;
}

function round(ms: number): number {
  return Math.round(ms);
}
