import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { showAll } from '../harness/path/shown-frames.js';

/** Each must be answered: "PING responses SHOULD be given higher priority than any other frame" [RFC 9113, 6.7]. */
export default defineFault<Gate, { readonly pings: number }>({
  id: 'ping-flood',
  hop: 'gate',
  about: 'every live HTTP/2 connection gets so many PINGs at once, which its client has to answer',
  evidence: 'the PINGs that were answered, or the clients whose connection ended',
  params: { pings: 'a connection' },
  async inject(gate, { pings }, { bite, signal }) {
    const connections = gate.live;
    const answered = () => connections.reduce((sum, { pingAcks }) => sum + pingAcks, 0);
    const before = answered();
    const clients = await showAll(connections, () => Buffer.alloc(0), signal, pings);
    if (clients > 0) bite({ clients, answered: answered() - before });
    return () => {};
  },
});
