import { defineFault } from '../harness/define.js';
import type { Session } from '../harness/scenario.js';
import { dropPackets } from '../harness/target/namespace.js';

const BITE_MS = 3000;

/** Every packet of one connection disappears, ACKs too: what TCP keepalive can notice and a gate cannot imitate (CHECKLIST rule 12). */
export default defineFault<
  { readonly localPort: number; readonly remotePort: number; readonly session: Session },
  { readonly port: number }
>({
  id: 'packet-drop',
  hop: 'gate',
  about: 'all packets of one connection are dropped, in a network namespace of our own',
  evidence: 'a ping of ours that was answered before and is not any more',
  params: { port: "the server's port" },
  async inject({ localPort, remotePort, session }, { port }, { bite }) {
    const before = await session.ping(Buffer.from('before'), BITE_MS);
    const rule = await dropPackets(localPort, remotePort);
    const during = await session.ping(Buffer.from('during'), BITE_MS);
    // A server that answers no pings shows nothing here: the rule's own counter would be needed.
    if (during === undefined) bite({ port, answeredBefore: before !== undefined, answeredDuring: false });
    return async () => {
      await rule[Symbol.asyncDispose]();
    };
  },
});
