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
  byHand: { subject: 'gate', defaults: {}, newcomers: true },
  async inject(gate, { gate: name }, { bite }) {
    const before = gate.turnedAway;
    let bitten = false;
    await gate.setDoor({ kind: 'hang' });
    const look = () => {
      if (bitten || gate.turnedAway === before) return;
      bitten = true;
      bite({ gate: name, hanging: gate.turnedAway - before });
    };
    const looking = every(LOOK_MS, look);
    return async () => {
      looking[Symbol.dispose]();
      look();
      await gate.setDoor({ kind: 'open' });
    };
  },
});
