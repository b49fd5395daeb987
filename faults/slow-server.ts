import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { kernelView } from '../harness/probes/kernel-queues.js';

const LOOK_MS = 100;
/** More than one read of the gate's: the client's bytes are left where they are. */
const UNREAD_BYTES = 64 * 1024;
/** What a busy machine has not read yet is read by the next look. */
const LOOKS = 3;

/** The server's side takes what clients send at this rate, also from those that come back. */
export default defineFault<Gate, { readonly bytesPerS: number }>({
  id: 'slow-server',
  hop: 'gate',
  about: 'what the client sends is read at this rate and no faster',
  evidence: 'bytes of the client that the kernel holds and nobody reads',
  params: { bytesPerS: 'bytes a second' },
  byHand: { subject: 'gate', defaults: { bytesPerS: 1024 } },
  async inject(gate, { bytesPerS }, { bite }) {
    const slowed = new Set<number>();
    let unread = 0;
    let bitten = false;
    const slow = () => {
      for (const connection of gate.live) {
        if (slowed.has(connection.id)) continue;
        slowed.add(connection.id);
        connection.throttleUp(bytesPerS);
      }
      const unreadBytes = kernelView(gate.port)?.untakenBytes ?? 0;
      unread = unreadBytes < UNREAD_BYTES ? 0 : unread + 1;
      if (bitten || unread < LOOKS) return;
      bitten = true;
      bite({ unreadBytes });
    };
    slow();
    const looking = every(LOOK_MS, slow);
    return () => {
      looking[Symbol.dispose]();
      for (const connection of gate.live) connection.throttleUp(null);
    };
  },
});
