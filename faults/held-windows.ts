import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 20;

/** As a server would that takes a stream and reads no further in it, while it answers all else on the connection. */
export default defineFault<Gate, Record<string, never>>({
  id: 'held-windows',
  hop: 'gate',
  about:
    'the WINDOW_UPDATE frames of HTTP/2 streams are kept from the client: what it sends stands still, and nothing else',
  evidence: 'the frames that were kept',
  params: {},
  async inject(gate, _, { bite }) {
    let bitten = false;
    const looking = every(LOOK_MS, () => {
      for (const connection of gate.live) connection.holdWindows(true);
      const frames = gate.live.reduce((sum, { heldWindows }) => sum + heldWindows, 0);
      if (frames > 0 && !bitten) bite({ frames });
      bitten ||= frames > 0;
    });
    return () => {
      looking[Symbol.dispose]();
      for (const connection of gate.live) connection.holdWindows(false);
    };
  },
});
