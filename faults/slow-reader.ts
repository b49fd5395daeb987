import { every, nowMs } from '../harness/clock.js';
import type { GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { kernelView } from '../harness/probes/kernel-queues.js';

/** A look walks the kernel's whole table of sockets: about 5 ms. */
const LOOK_MS = 250;
/** More than one read of the gate's: the server's bytes are left where they are. */
const UNREAD_BYTES = 64 * 1024;
/** What a busy machine has not read yet is read by the next look. */
const LOOKS = 3;

/** One hop only, the gate beside the server: further hops would swallow tens of megabytes (CHECKLIST rule 13). */
export default defineFault<GateConnection, { readonly bytesPerS: number }>({
  id: 'slow-reader',
  hop: 'gate',
  about: 'what the server sends is read at this rate and no faster',
  evidence: 'bytes of the server that the kernel holds and nobody reads, and no more taken than the rate allows',
  params: { bytesPerS: 'bytes a second' },
  byHand: { subject: 'connections', defaults: { bytesPerS: 1024 } },
  async inject(connection, { bytesPerS }, { bite }) {
    const { upstreamPort } = connection;
    const takenBefore = connection.downBytes;
    const sinceMs = nowMs();
    let unread = 0;
    connection.throttleDown(bytesPerS);
    const looking = every(LOOK_MS, () => {
      const unreadBytes = kernelView(upstreamPort)?.unreadBytes ?? 0;
      // Who reads as fast as it can leaves as much unread where the push is faster still.
      const allowed = (bytesPerS * (nowMs() - sinceMs)) / 1000 + UNREAD_BYTES;
      const slow = connection.downBytes - takenBefore <= allowed;
      unread = slow && unreadBytes >= UNREAD_BYTES ? unread + 1 : 0;
      if (unread < LOOKS) return;
      looking[Symbol.dispose]();
      bite({ bytesPerS, unreadBytes });
    });
    return () => {
      looking[Symbol.dispose]();
      connection.throttleDown(null);
    };
  },
});
