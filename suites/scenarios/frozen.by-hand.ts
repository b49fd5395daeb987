import type { HandReading, HistoryEvent } from '../../harness/contract.js';
import { atGate, BASELINE_MS, told } from './by-hand.js';

const RELEASE_MS = 90_000;

/** A connection was frozen after 10 s of peace: the server let go of it, or still held it after 90 s. */
export const frozenByHand: HandReading = {
  needs: 'freeze a connection that has been open for 10 s, and leave it for 90 s',
  read(session) {
    for (const freeze of session.readable.filter(({ fault }) => fault === 'freeze')) {
      const conn = Number(freeze.params.conn);
      const held = session.connections.find((one) => one.conn === conn);
      if (!held || held.servedT > freeze.fromT - 0.9 * BASELINE_MS || held.endT < freeze.fromT) continue;
      // Other faults, and other freezes of the same instant, which are other connections.
      const others = session.injections.filter((one) => one.fault !== 'freeze');
      if (others.some(({ fromT, toT }) => fromT <= freeze.fromT + RELEASE_MS && toT >= held.startT)) continue;
      const end =
        held.end?.what === 'end' && held.end.by === 'server' && held.endT <= freeze.toT ? held.end : undefined;
      const watchedT = Math.min(freeze.toT, session.nowT);
      if (!end && watchedT - freeze.fromT < RELEASE_MS) continue;
      // One whose client's end was told first is told no other.
      if (!end && held.end !== undefined) continue;
      const keepalive = session.measures('held').find(({ facts }) => facts.conn === conn)?.facts.serverKeepalive;
      if (!end && keepalive === undefined) continue;
      const own = session.events.filter((event) => 'conn' in event && event.conn === conn && event.t <= watchedT);
      const said: HistoryEvent = told(
        freeze.event,
        'frozen',
        { released: end !== undefined, keepalive: keepalive ?? false },
        watchedT,
      );
      return [...atGate(own, 'frozen'), freeze.event, ...freeze.bites, said].sort((a, b) => a.t - b.t);
    }
    return undefined;
  },
};
