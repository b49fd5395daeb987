import { defineFault } from '../harness/define.js';
import { dropPackets } from '../harness/target/namespace.js';

/** Every packet of one connection disappears, ACKs too: what TCP keepalive can notice and a gate cannot imitate (CHECKLIST rule 12). */
export default defineFault<{ readonly localPort: number; readonly remotePort: number }, { readonly port: number }>({
  id: 'packet-drop',
  hop: 'gate',
  about: 'all packets of one connection are dropped, in a network namespace of our own',
  evidence: 'the rule in force on a connection that was established',
  params: { port: "the server's port" },
  async inject({ localPort, remotePort }, { port }, { bite }) {
    const rule = await dropPackets(localPort, remotePort);
    // A keepalive probe that the peer did answer restarts the timer; what is counted is retransmission.
    bite({ port, way: rule.way });
    return async () => {
      await rule[Symbol.asyncDispose]();
    };
  },
});
