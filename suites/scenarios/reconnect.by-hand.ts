import type { HandInjection, HandReading, HistoryEvent, SessionHistory } from '../../harness/contract.js';
import { loneClientAt, told } from './by-hand.js';

const KINDS: Readonly<Record<string, string>> = {
  end: 'fin',
  reset: 'rst',
  restart: 'restart',
  'closed-port': 'restart',
  'edge-outage': 'edge',
};
const BACK_MS = 60_000;
/** CHECKLIST rule 20: "judged after outages of <= 5 s", and pages for 20 s: after a longer one a client may wait longer. */
const LONGEST_MS: Readonly<Record<string, number>> = { restart: 6000, edge: 25_000 };
/** With the port closed, what ends the one who is connected. */
const CUTS = new Set(['reset', 'end']);
/** A session that lives this long after the return is one. */
const STAYS_MS = 1000;

/**
 * One client, alone and healthy, was ended; somebody came back. Where the clients are not ours nobody who stays away is held
 * against them: a window may have been closed.
 */
export const reconnectByHand: HandReading = {
  needs:
    'cut the one client that has been connected for 10 s, each time: by end, reset, restart (or closed-port and a cut) for at most 5 s, edge-outage for 20 s',
  read(session) {
    const events: HistoryEvent[] = [];
    for (const one of session.readable) {
      const kind = KINDS[one.fault];
      const held = kind === undefined ? undefined : loneClientAt(session, one.fromT, one.who);
      if (kind === undefined || !held) continue;
      const found = returnOf(session, one, kind);
      if (!found) continue;
      const { facts, by } = found;
      events.push(one.event, ...one.bites, told(by ?? one.event, 'returned', { kind, ...facts }));
    }
    return events.length === 0 ? undefined : events;
  },
};

function returnOf(session: SessionHistory, { fault, fromT, toT, who }: HandInjection, kind: string) {
  // What is done in one instant is over in it.
  const overT = kind === 'fin' || kind === 'rst' ? fromT : toT;
  if (overT > session.nowT || overT - fromT > (LONGEST_MS[kind] ?? Number.POSITIVE_INFINITY)) return undefined;
  const closed = fault === 'closed-port';
  const cut = closed && session.injections.find((one) => CUTS.has(one.fault) && one.fromT > fromT && one.fromT < overT);
  if (closed && !cut) return undefined;
  const own = cut ? [who, cut.who] : [who];
  const later = session.connections.filter(({ startT }) => startT > fromT);
  // Whoever comes to a server that is about to leave is ended again.
  const back = later.find(({ servedT, endT }) => Math.min(endT, session.nowT) - Math.max(servedT, overT) >= STAYS_MS);
  const exit = session
    .of('process')
    .find(({ what, process, t }) => what === 'exit' && process === 'client' && t > fromT);
  const attempts = later.filter(({ startT }) => startT <= (back?.startT ?? Infinity)).length;
  const seen = { attempts, exited: exit !== undefined, exitCode: exit?.code ?? null };
  if (back && !session.disturbed(fromT, back.servedT, ...own))
    return { facts: { reconnectMs: Math.max(0, back.startT - overT), ...seen }, by: back.start };
  const watched = session.nowT - overT >= BACK_MS && !session.disturbed(fromT, overT + BACK_MS, ...own);
  return !back && watched && session.ownClients ? { facts: { reconnectMs: null, ...seen }, by: undefined } : undefined;
}
