import type { GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

/** RFC 9293 3.5.1: "one of the TCP peers has closed or aborted the connection at its end without the knowledge of the other". */
export default defineFault<GateConnection, { readonly conn: number; readonly keeps: string }>({
  id: 'half-open',
  hop: 'gate',
  about: 'a live connection is reset toward one side, while the other is told nothing and keeps its half',
  evidence: 'the side that was reset; the other half stays',
  params: { conn: 'connection of the gate', keeps: 'server | client' },
  byHand: { subject: 'connections', defaults: { keeps: 'server' } },
  async inject(connection, { conn, keeps }, { bite }) {
    const whole = !connection.ended;
    connection.abandon(keeps === 'client' ? 'server' : 'client');
    if (whole) bite({ conn, keeps });
    // What a peer that is there again answers to whatever comes: a RST.
    return () => connection.reset();
  },
});
