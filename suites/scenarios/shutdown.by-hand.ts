import type { HandReading } from '../../harness/contract.js';
import { atGate } from './by-hand.js';

const ENDS = new Set(['gone', 'stayed']);

/** The stop signal, with clients connected and nothing else disturbed, until the server was gone. */
export const shutdownByHand: HandReading = {
  needs: 'stop the server with clients connected, and nothing else disturbed',
  read(session) {
    for (const stop of session.readable.filter(({ fault }) => fault === 'stop')) {
      const there = session.connections.filter(({ servedT, endT }) => servedT < stop.fromT && endT >= stop.fromT);
      const end = session.of('measure').find(({ name, t }) => ENDS.has(name) && t >= stop.fromT);
      if (
        there.length === 0 ||
        !end ||
        session.disturbed(Math.min(...there.map(({ startT }) => startT)), end.t, stop.who)
      )
        continue;
      return atGate(
        session.events.filter(({ t }) => t <= end.t),
        'clients',
      );
    }
    return undefined;
  },
};
