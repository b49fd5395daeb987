import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 100;

/** New connections are accepted, heard (at most 1 s) and reset: an attempt at a closed port could not be seen (CHECKLIST rule 3). */
export default defineFault<Gate, { readonly gate: string }>({
  id: 'refuse',
  hop: 'gate',
  about: 'new connections are reset once their first bytes have come',
  evidence: 'an attempt refused',
  params: { gate: 'name of the gate' },
  byHand: { subject: 'gate', defaults: {}, newcomers: true },
  async inject(gate, { gate: name }, { bite }) {
    const before = gate.turnedAway;
    let bitten = false;
    await gate.setDoor({ kind: 'refuse' });
    const look = () => {
      if (bitten || gate.turnedAway === before) return;
      bitten = true;
      bite({ gate: name, refused: gate.turnedAway - before });
    };
    const looking = every(LOOK_MS, look);
    return async () => {
      looking[Symbol.dispose]();
      // Whoever was answered and left has healed it before the next look.
      look();
      await gate.setDoor({ kind: 'open' });
    };
  },
});
