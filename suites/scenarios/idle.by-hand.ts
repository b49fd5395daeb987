import type { HandReading, HistoryEvent } from '../../harness/contract.js';
import { atGate, told } from './by-hand.js';

/** As long as the scenario itself watches: twice the longest silence that is allowed, and a little. */
const WATCH_MS = 75_000;
/** What a client asks for when it comes. */
const OPENING_MS = 5000;

/** A client that said nothing for 75 s, and was left in peace: what did the server send it? */
export const idleByHand: HandReading = {
  needs: 'leave a client connected and silent for 75 s, with nothing disturbed',
  read(session) {
    if (session.of('obstacle').some(({ code }) => code === 'MESSAGES_LEFT_OUT')) return undefined;
    const saidBy = new Map<number, number[]>();
    for (const { conn, dir, t } of session.of('message')) {
      if (dir === 'up') saidBy.set(conn, [...(saidBy.get(conn) ?? []).slice(-1), t]);
    }
    for (const { conn, startT, servedT, endT } of session.connections) {
      if (startT < session.wholeFromT) continue;
      const said = saidBy.get(conn) ?? [];
      // A client that beats or asks later makes the server answer: that is no rhythm of its own.
      if (said.some((t) => t > servedT + OPENING_MS)) continue;
      const fromT = Math.max(servedT, ...said);
      const toT = Math.min(endT, session.nowT);
      if (toT - fromT < WATCH_MS || session.disturbed(startT, toT)) continue;
      const events: readonly HistoryEvent[] = session.events.filter(
        (event) => event.type !== 'measure' && 'conn' in event && event.conn === conn && event.t <= toT,
      );
      const start = events[0];
      if (!start) continue;
      const forMs = toT - fromT;
      return [
        ...session.measures('heartbeat words'),
        ...session.measures('event names'),
        ...atGate(events, 'idle'),
        told(start, 'watched', { session: 1, conn, fromMs: 0, forMs, ended: endT <= session.nowT }, toT),
      ];
    }
    return undefined;
  },
};
