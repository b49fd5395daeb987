import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

/** TCP ends without a word of the protocol: a FIN to both sides. */
export default defineFault<Gate, Record<string, never>>({
  id: 'end',
  hop: 'gate',
  about: 'every live connection is ended by a bare FIN to both sides',
  evidence: 'the connections ended',
  momentary: true,
  params: {},
  byHand: { subject: 'gate', defaults: {}, instant: true },
  async inject(gate, _, { bite }) {
    const whole = gate.live.filter(({ ended }) => !ended);
    gate.endAll();
    const connections = whole.filter(({ endedBy }) => endedBy === 'gate').length;
    if (connections > 0) bite({ connections });
    return () => {};
  },
});
