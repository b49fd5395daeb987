import type { HandReading } from '../../harness/contract.js';
import { BASELINE_MS, told } from './by-hand.js';

const PATIENCE_MS = 62_000;
/** One attempt may race several connections (RFC 8305: 250 ms apart); what starts later is another attempt. */
const BESIDES_MS = 2000;

/** Whoever came was never answered: the first gave up and tried again, or still waited after 62 s. */
export const hungByHand: HandReading = {
  needs: 'let handshakes hang (hung-handshake), cut the one client, and wait for 62 s',
  read(session) {
    for (const hang of session.readable.filter(({ fault }) => fault === 'hung-handshake')) {
      const before = session.connections.filter(({ servedT, endT }) => servedT < hang.fromT && endT >= hang.fromT);
      const [held] = before;
      if (before.length !== 1 || !held || hang.fromT - held.servedT < 0.9 * BASELINE_MS) continue;
      const allowed = new Set(['hung-handshake', 'reset', 'end']);
      if (
        session.injections.some(
          ({ fault, fromT, toT }) => !allowed.has(fault) && fromT <= hang.toT && toT >= held.startT,
        )
      )
        continue;
      const came = session.connections.filter(({ startT }) => startT > hang.fromT && startT <= hang.toT);
      const [first, ...others] = came;
      if (!first) continue;
      const again = others.find(({ startT }) => startT - first.startT >= BESIDES_MS);
      const gaveUp = first.end?.what === 'end' && first.end.by === 'client' && first.endT <= hang.toT;
      const cut = session.events.filter(({ type, t }) => type === 'fault' && t >= held.startT && t <= first.startT);
      const facts = { tried: true, exited: false };
      if (again && gaveUp) {
        const gaveUpMs = Math.min(first.endT, again.startT) - first.startT;
        return [...cut, ...hang.bites, told(again.start, 'hung', { ...facts, gaveUpMs, again: true })];
      }
      // Healed, those who hang are ended by the gate.
      const watchedT = Math.min(hang.toT, session.nowT, first.endT);
      const left = first.end?.what === 'end' && first.end.by !== 'gate';
      if (left || again || watchedT - first.startT < PATIENCE_MS) continue;
      return [...cut, ...hang.bites, told(first.start, 'hung', { ...facts, gaveUpMs: null, again: false }, watchedT)];
    }
    return undefined;
  },
};
