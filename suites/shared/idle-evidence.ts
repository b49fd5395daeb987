import type { EventOf, HistoryView } from '../../harness/contract.js';

type Message = EventOf<'message'>;

/** What one watched session got; `whole` where the server ended it in the protocol's own way. Over TLS the session itself is the gate. */
export function heardBy(
  history: HistoryView,
  watched: EventOf<'measure'>,
): { readonly own: readonly Message[]; readonly whole: boolean } {
  const { session, conn, forMs } = watched.facts;
  const fromAt = watched.t - Number(forMs);
  const all = history
    .of('message')
    .filter(
      (event) =>
        event.dir === 'down' &&
        event.t >= fromAt &&
        event.t <= watched.t &&
        (event.gate === 'idle' ? event.conn === conn : event.gate === `idle-${session}`),
    );
  return { own: all.filter(({ opcode }) => opcode !== 'close'), whole: all.some(({ opcode }) => opcode === 'close') };
}
