import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { until, within } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { openGate } from '../harness/path/gate.js';
import { createObserver } from '../harness/path/observer.js';

/** Every live connection of these gates, in one instant, by a true RST to both sides. */
export default defineFault<readonly Gate[], Record<string, never>>({
  id: 'reset',
  hop: 'gate',
  about: 'every live connection is cut in the same instant by a true RST to both sides',
  evidence: 'the connections cut, and a control peer that saw ECONNRESET',
  momentary: true,
  params: {},
  byHand: { subject: 'gates', defaults: {}, instant: true },
  async inject(gates, _, { bite }) {
    // A reset counts only if a control peer saw ECONNRESET (DESIGN section 1): cut through a gate like any other, idle.
    const control = await openControl();
    const whole = gates.flatMap((gate) => gate.live.filter(({ ended }) => !ended));
    for (const gate of gates) gate.resetAll();
    const connections = whole.filter(({ endedBy }) => endedBy === 'gate').length;
    const seen = await control.cut();
    await control.close();
    if (seen === 'ECONNRESET' && connections > 0) bite({ connections, controlSaw: seen });
    return () => {};
  },
});

async function openControl() {
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const gate = await openGate({
    name: 'control',
    upstream: { host: '127.0.0.1', port },
    record: () => {},
    observer: createObserver('control'),
  });
  const peer = connect(gate.port, '127.0.0.1');
  await once(peer, 'connect');
  await until('the control connection is through', () => gate.live.length > 0, 5000);
  return {
    async cut(): Promise<string> {
      const ended = new Promise<string>((resolve) => {
        peer.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
        peer.on('close', () => resolve('closed'));
      });
      gate.resetAll();
      return within('the control reset', 5000, ended);
    },
    async close() {
      peer.destroy();
      await gate[Symbol.asyncDispose]();
      server.close();
    },
  };
}
