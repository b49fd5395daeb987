import type {
  EventOf,
  Facts,
  HandConnection,
  HandInjection,
  HistoryEvent,
  HistoryView,
  SessionHistory,
} from '../contract.js';
import { viewOf } from '../history.js';
import { SESSION_GATE } from './names.js';
import { isServed, LET_GO } from './recent-past.js';

/** Healed, a fault's consequences may take a moment to pass. */
const AFTER_MS = 2000;

export function sessionHistory(events: readonly HistoryEvent[], ownClients: boolean): SessionHistory {
  const view = viewOf(events);
  const wholeFromT = view.of('obstacle').findLast(({ code }) => code === LET_GO)?.t ?? 0;
  const injections = injectionsOf(view);
  return {
    ...view,
    wholeFromT,
    nowT: events.at(-1)?.t ?? 0,
    ownClients,
    injections,
    readable: injections.filter(({ fromT }) => fromT >= wholeFromT),
    connections: connectionsOf(view),
    disturbed: (fromT, toT, ...except) =>
      injections.some((one) => !except.includes(one.who) && one.fromT <= toT && one.toT + AFTER_MS >= fromT),
  };
}

function injectionsOf(view: HistoryView): HandInjection[] {
  const faults = view.of('fault');
  const alike = new Map<string, EventOf<'fault'>[]>();
  const keyOf = ({ fault, who }: EventOf<'fault'>) => `${fault} ${who}`;
  for (const event of faults) {
    const same = alike.get(keyOf(event));
    if (same) same.push(event);
    else alike.set(keyOf(event), [event]);
  }
  return faults
    .filter(({ what }) => what === 'inject')
    .map((event) => {
      const same = alike.get(keyOf(event)) ?? [];
      return {
        fault: event.fault,
        who: event.who,
        event,
        fromT: event.t,
        toT: same.find(({ what }) => what === 'heal')?.t ?? Number.POSITIVE_INFINITY,
        params: event.facts as Facts,
        bites: same.filter(({ what }) => what === 'bite'),
      };
    });
}

function connectionsOf(view: HistoryView): HandConnection[] {
  const own = view.of('connection').filter(({ gate }) => gate === SESSION_GATE);
  const ends = new Map(own.filter(({ what }) => what === 'end').map((event) => [event.conn, event] as const));
  const served = new Map<number, number>();
  for (const event of [...view.of('handshake'), ...view.of('message')]) {
    if (event.gate !== SESSION_GATE || !isServed(event)) continue;
    served.set(event.conn, Math.min(event.t, served.get(event.conn) ?? Number.POSITIVE_INFINITY));
  }
  return own
    .filter(({ what }) => what === 'start')
    .map((start) => ({
      conn: start.conn,
      start: start as EventOf<'connection'>,
      startT: start.t,
      end: ends.get(start.conn),
      endT: ends.get(start.conn)?.t ?? Number.POSITIVE_INFINITY,
      servedT: served.get(start.conn) ?? Number.POSITIVE_INFINITY,
    }));
}
