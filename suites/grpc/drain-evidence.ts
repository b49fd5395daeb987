import type { EventOf, HistoryView } from '../../harness/contract.js';
import { CANCELLED, statusNumber, UNAVAILABLE } from '../../harness/grpc-status.js';

type End = Extract<EventOf<'connection'>, { what: 'end' }>;

/** How a connection that was there at the stop signal was left, and the calls that were in flight on it. */
export interface Drain {
  readonly goaway: EventOf<'frame'> | undefined;
  readonly end: End | undefined;
  /** The first call that the server ended. */
  readonly firstEnd: EventOf<'trailers'> | EventOf<'frame'> | undefined;
  readonly calls: readonly {
    /** As a client has it: of its trailers, of the code in RST_STREAM, of the connection's end; undefined while it goes on. */
    readonly status: number | undefined;
  }[];
}

/** PROTOCOL-HTTP2.md, "Errors": the status for an RST_STREAM with this code; INTERNAL where none is named. */
const STATUS_OF_CODE: Readonly<Record<number, number>> = {
  7: UNAVAILABLE,
  8: CANCELLED,
  11: statusNumber('RESOURCE_EXHAUSTED'),
  12: statusNumber('PERMISSION_DENIED'),
};

export function drainsOf(history: HistoryView, signalAt: number): Drain[] {
  const own = <T extends { readonly gate: string }>(events: readonly T[]) =>
    events.filter(({ gate }) => gate === 'clients');
  const connections = own(history.of('connection'));
  const ends = connections.filter((event): event is End => event.what === 'end');
  const frames = own(history.of('frame')).filter(({ dir }) => dir === 'down');
  const handshakes = own(history.of('handshake'));
  const trailers = own(history.of('trailers'));
  const resets = own(history.of('frame')).filter(({ frame }) => frame === 'RST_STREAM');
  return connections.flatMap(({ what, conn, t }) => {
    const end = ends.find((event) => event.conn === conn);
    if (what !== 'start' || t >= signalAt || (end && end.t < signalAt)) return [];
    const of = <T extends { readonly conn: number }>(events: readonly T[]) =>
      events.filter((event) => event.conn === conn);
    const asked = of(handshakes).filter((event) => event.dir === 'up' && event.t < signalAt);
    const endOf = (stream: number | undefined) =>
      [...of(trailers), ...of(resets)].sort((a, b) => a.t - b.t).find((event) => event.stream === stream);
    const inFlight = asked.map(({ stream }) => endOf(stream)).filter((event) => !event || event.t >= signalAt);
    const told = inFlight.flatMap((event) => (event && !(event.type === 'frame' && event.dir === 'up') ? event : []));
    return [
      {
        goaway: of(frames).find(({ frame }) => frame === 'GOAWAY'),
        end,
        firstEnd: told.sort((a, b) => a.t - b.t)[0],
        calls: inFlight.map((event) => ({ status: event ? statusOf(event) : end && UNAVAILABLE })),
      },
    ];
  });
}

function statusOf(event: EventOf<'trailers'> | EventOf<'frame'>): number {
  if (event.type === 'trailers') return event.grpcStatus ?? statusNumber('UNKNOWN');
  return STATUS_OF_CODE[event.code ?? 0] ?? statusNumber('INTERNAL');
}
