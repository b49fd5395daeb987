import type {
  Check,
  ControlKind,
  ControlVerdict,
  Finding,
  HistoryEvent,
  RunOptions,
  SelfCheck,
  Target,
} from './contract.js';
import { CONTROL_KINDS } from './control-delays.js';
import { inconclusive } from './finding.js';
import { viewOf } from './history.js';
import { inWords } from './numbers.js';
import { CONTROL_GATE, COPY_GATE } from './outage.js';

/** The self-check's own history, the measure in it, and what may be said of a target before it (CHECKLIST rules 6 and 14). */
export const SELF_CHECK = 'self-check';
export const NOISE = 'noise';
const NOISE_FACTOR = 3;
/** Its delays are stated of TCP alone: from an end to the next start. */
const PROTOCOL = 'websocket';

export function controlGate(kind: ControlKind, client: number): string {
  return `${kind}-${client}`;
}

/** What the run's own checks say of clients whose delays are known; null where nothing was seen of them. */
export function selfCheckOf(
  events: readonly HistoryEvent[],
  plan: { readonly target: Target; readonly options: RunOptions; readonly controlled: readonly Check[] },
): SelfCheck | null {
  if (events.length === 0) return null;
  const noise = viewOf(events).measures(NOISE)[0]?.facts ?? {};
  const number = (name: string) => (typeof noise[name] === 'number' ? noise[name] : null);
  const target = { ...plan.target, protocol: PROTOCOL };
  const options = { ...plan.options, scale: 1 };
  const controls = CONTROL_KINDS.flatMap((client) => {
    const view = viewOf(asOutage(events, client));
    return plan.controlled.flatMap((check): ControlVerdict[] => {
      const expected = check.controls?.[client];
      if (expected === undefined) return [];
      const { outcome } = check.judge(view, { target, options, expect: check.expect });
      return [{ check: check.id, client, expected, outcome }];
    });
  });
  return {
    timerP50Ms: number('timerP50Ms'),
    timerP99Ms: number('timerP99Ms'),
    proxyP50Ms: number('proxyP50Ms'),
    proxyP99Ms: number('proxyP99Ms'),
    processStartMs: number('processStartMs'),
    controls,
  };
}

/** The events as the outage's would be, were this kind of client the target; the fixed one is the control there too. */
function asOutage(events: readonly HistoryEvent[], client: ControlKind): HistoryEvent[] {
  return events.flatMap((event): HistoryEvent[] => {
    if (event.type !== 'connection') return [event];
    const as = (prefix: string, kind: ControlKind) =>
      event.gate.startsWith(`${kind}-`) ? [{ ...event, gate: event.gate.replace(`${kind}-`, prefix) }] : [];
    return [...as(COPY_GATE, client), ...as(CONTROL_GATE, 'fixed')];
  });
}

/** A finding that this machine, on this day, was fit to make; else inconclusive with the reason. */
export function heldAgainst(
  selfCheck: SelfCheck | null,
  { id, decidedBy = [], measured: units }: Check,
  threshold: Readonly<Record<string, number>>,
  finding: Finding,
): Finding {
  const { outcome, measured = {}, because = [] } = finding;
  if (!selfCheck || (outcome !== 'pass' && outcome !== 'fail')) return finding;
  const opposite = selfCheck.controls.find(
    ({ check, expected, outcome: seen }) => check === id && seen !== expected && (seen === 'pass' || seen === 'fail'),
  );
  if (opposite) {
    return inconclusive(
      `this machine cannot time it: of a client of known delays (${opposite.client}) the same check said ${opposite.outcome}, which is wrong`,
      { measured, because },
    );
  }
  if (outcome === 'pass') return finding;
  // The usual lateness: single ones that are much later stand in each check's own look at the event loop.
  const noiseMs = NOISE_FACTOR * Math.max(selfCheck.timerP50Ms ?? 0, selfCheck.proxyP50Ms ?? 0);
  const near = decidedBy.find(([name, by, of]) => {
    const value = measured[name];
    const limit = threshold[by];
    const isTime = units[name] === 'ms' || units[name]?.startsWith('ms,') === true;
    return (
      isTime && of !== 'pass' && typeof value === 'number' && limit !== undefined && Math.abs(value - limit) <= noiseMs
    );
  });
  if (!near) return finding;
  return inconclusive(
    `${near[0]} lies within ${inWords(noiseMs)} of its limit, three times what this machine's own timers or Toxiproxy are usually late`,
    { measured, because },
  );
}
