import type { EventOf, HistoryView } from './contract.js';

type End = Extract<EventOf<'connection'>, { what: 'end' }>;

/**
 * The ends of all connections of the baseline, where the server made each of them and none was left when the disturbance began: such
 * a server was broken before we touched it, and what it does afterwards says nothing of the disturbance. Undefined where one was
 * left, or where one of ours or of the protocol's own had been the reason.
 */
export function brokenBefore(history: HistoryView): readonly End[] | undefined {
  const faultAt = history.phaseAt('fault');
  if (faultAt === undefined) return undefined;
  const before = history.of('connection').filter(({ t }) => t < faultAt);
  const starts = before.filter(({ what }) => what === 'start');
  const ends = before.filter((event): event is End => event.what === 'end' && event.by === 'server');
  const closes = history.of('message').filter(({ opcode, t }) => opcode === 'close' && t < faultAt);
  const isOurs = (event: End) =>
    closes.some(({ gate, conn, dir, closeCode }) => {
      const said = dir === 'up' || closeCode === undefined;
      return said && gate === event.gate && conn === event.conn;
    });
  const dead = starts.flatMap(({ gate, conn }) => {
    const end = ends.find((event) => event.gate === gate && event.conn === conn);
    return end && !isOurs(end) ? end : [];
  });
  return dead.length > 0 && dead.length === starts.length ? dead : undefined;
}
