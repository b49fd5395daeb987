import { connect } from 'node:net';
import { after } from './clock.js';
import type { ControlKind } from './contract.js';
import { controlDelays, OPEN_MS } from './control-delays.js';

/**
 * The control clients of the self-check, all in one process: pure timers, each to a gate of its own, which the machine and the
 * harness disturb as they disturb the target. `node control-fleet.js KIND:CLIENT:PORT ..`
 */
function start(kind: ControlKind, client: number, port: number): void {
  const waits = controlDelays(kind, client).values();
  const attempt = () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const ask = () => void socket.write('control\n');
    socket.on('connect', () => (kind === 'none' ? after(OPEN_MS, ask) : ask()));
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => {
      const next = waits.next();
      if (next.done !== true) after(next.value, attempt);
    });
  };
  attempt();
}

for (const word of process.argv.slice(2)) {
  const [kind = 'fixed', client = '1', port = '0'] = word.split(':');
  start(kind as ControlKind, Number(client), Number(port));
}
