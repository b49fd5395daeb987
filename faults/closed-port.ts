import { connect } from 'node:net';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

/** Nobody listens: the kernel refuses. Attempts cannot be seen meanwhile. */
export default defineFault<Gate, { readonly gate: string }>({
  id: 'closed-port',
  hop: 'gate',
  about: 'the port is really closed',
  evidence: 'a control connect that got ECONNREFUSED',
  params: { gate: 'name of the gate' },
  byHand: { subject: 'gate', defaults: {}, newcomers: true, whole: true },
  async inject(gate, { gate: name }, { bite }) {
    await gate.setDoor({ kind: 'closed' });
    const controlSaw = await new Promise<string>((resolve) => {
      const socket = connect(gate.port, gate.host);
      socket.on('connect', () => {
        socket.destroy();
        resolve('connected');
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    });
    if (controlSaw === 'ECONNREFUSED') bite({ gate: name, controlSaw });
    return () => gate.setDoor({ kind: 'open' });
  },
});
