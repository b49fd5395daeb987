import type { Facts, HandConnection, HistoryEvent, SessionHistory } from '../../harness/contract.js';

/** CHECKLIST rule 10: a client that did not hold a session for 10 s on a healthy path shows nothing on a broken one. */
export const BASELINE_MS = 10_000;

/** The connection that was there alone, served, and left in peace for the last 10 s, when something began. */
export function loneClientAt(session: SessionHistory, t: number, who: string): HandConnection | undefined {
  const there = session.connections.filter(({ startT, endT }) => startT < t && endT >= t);
  const [one] = there;
  if (there.length !== 1 || !one || one.servedT > t - 0.9 * BASELINE_MS) return undefined;
  return session.disturbed(t - BASELINE_MS, t - 1, who) ? undefined : one;
}

/** A measurement that a scenario would have made, told by the event that it rests on. */
export function told(by: HistoryEvent, name: string, facts: Facts, t = by.t): HistoryEvent {
  return { seq: by.seq, t, scenario: by.scenario, type: 'measure', name, facts };
}

/** The same events in the words of a scenario: its gate's name. */
export function atGate(events: readonly HistoryEvent[], gate: string): HistoryEvent[] {
  return events.map((event) => ('gate' in event ? { ...event, gate } : event));
}
