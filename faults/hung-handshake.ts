import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 100;

/** TCP is accepted and read, and the handshake is never answered: what a client meets at a server that is stuck. */
export default defineFault<Gate, { readonly gate: string }>({
  id: 'hung-handshake',
  hop: 'gate',
  about: 'new connections are accepted and their handshake is never answered',
  evidence: 'an attempt that said something and was left without an answer',
  params: { gate: 'name of the gate' },
  async inject(gate, { gate: name }, { bite }) {
    const before = gate.accepted;
    let bitten = false;
    await gate.setDoor({ kind: 'hang' });
    const look = every(LOOK_MS, () => {
      const hanging = gate.live.filter(({ id, upBytes, downBytes }) => id > before && upBytes > 0 && downBytes === 0);
      if (bitten || hanging.length === 0) return;
      bitten = true;
      bite({ gate: name, hanging: hanging.length });
    });
    return async () => {
      look[Symbol.dispose]();
      await gate.setDoor({ kind: 'open' });
    };
  },
});
