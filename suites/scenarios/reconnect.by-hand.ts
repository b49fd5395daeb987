import type { HandInjection, HandReading, HistoryEvent, SessionHistory } from '../../harness/contract.js';
import { loneClientAt, told } from './by-hand.js';

const KINDS: Readonly<Record<string, string>> = {
  end: 'fin',
  reset: 'rst',
  'closed-port': 'restart',
  'edge-outage': 'edge',
};
const BACK_MS = 60_000;
/** A session that lives this long after the return is one. */
const STAYS_MS = 1000;

/**
 * One client, alone and healthy, was ended; somebody came back. Where the clients are not ours nobody who stays away is held
 * against them: a window may have been closed.
 */
export const reconnectByHand: HandReading = {
  needs: 'end, reset or refuse the one client that has been connected for 10 s, and let it come back',
  read(session) {
    const events: HistoryEvent[] = [];
    for (const one of session.injections) {
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

function returnOf(session: SessionHistory, { fromT, toT, who }: HandInjection, kind: string) {
  // What is done in one instant is over in it.
  const overT = kind === 'fin' || kind === 'rst' ? fromT : toT;
  if (overT > session.nowT) return undefined;
  const later = session.connections.filter(({ startT }) => startT > fromT);
  const back = later.find(({ servedT, endT }) => servedT < session.nowT && endT - servedT >= STAYS_MS);
  const exit = session
    .of('process')
    .find(({ what, process, t }) => what === 'exit' && process === 'client' && t > fromT);
  const attempts = later.filter(({ startT }) => startT <= (back?.startT ?? Infinity)).length;
  const seen = { attempts, exited: exit !== undefined, exitCode: exit?.code ?? null };
  if (back && session.nowT - back.servedT >= STAYS_MS && !session.disturbed(fromT, back.servedT, who))
    return { facts: { reconnectMs: Math.max(0, back.startT - overT), ...seen }, by: back.start };
  const watched = session.nowT - overT >= BACK_MS && !session.disturbed(fromT, overT + BACK_MS, who);
  return !back && watched && session.ownClients ? { facts: { reconnectMs: null, ...seen }, by: undefined } : undefined;
}
