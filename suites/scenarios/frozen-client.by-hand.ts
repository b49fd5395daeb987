import type { HandReading } from '../../harness/contract.js';
import { loneClientAt, told } from './by-hand.js';

const NOTICE_MS = 90_000;

/** The one client's connection was frozen: it left and came back, or still held the dead link after 90 s. */
export const frozenClientByHand: HandReading = {
  needs: 'freeze the one connection of a client that has been open for 10 s, and leave it for 90 s',
  read(session) {
    for (const freeze of session.readable.filter(({ fault }) => fault === 'freeze')) {
      const held = loneClientAt(session, freeze.fromT, freeze.who);
      if (!held || session.disturbed(freeze.fromT, freeze.fromT + NOTICE_MS, freeze.who)) continue;
      const left = held.end?.what === 'end' && held.end.by === 'client' ? held.endT : undefined;
      const back = session.connections.find(({ startT, servedT }) => startT > freeze.fromT && servedT <= session.nowT);
      // Whoever comes beside a client that has not left may be somebody else.
      if (back && left !== undefined && back.servedT <= freeze.toT) {
        const detectMs = Math.min(left, back.startT) - freeze.fromT;
        const facts = { detectMs, backMs: back.servedT - freeze.fromT, keepalive: false, returnsAfterReset: null };
        return [freeze.event, ...freeze.bites, told(back.start, 'noticed', facts)];
      }
      const watchedT = Math.min(freeze.toT, session.nowT);
      const keepalive = session.measures('held').find(({ facts }) => facts.conn === held.conn)?.facts.clientKeepalive;
      const clings = !back && held.end === undefined && watchedT - freeze.fromT >= NOTICE_MS && keepalive !== undefined;
      if (!clings) continue;
      const facts = { detectMs: null, backMs: null, keepalive, returnsAfterReset: null };
      return [freeze.event, ...freeze.bites, told(freeze.event, 'noticed', facts, watchedT)];
    }
    return undefined;
  },
};
