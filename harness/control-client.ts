import { connect } from 'node:net';
import { after } from './clock.js';

/**
 * The noise floor (CHECKLIST rule 6): a client of known fixed delay, without jitter, that the machine and the harness
 * disturb as they disturb the target. `node control-client.js PORT DELAY_MS`
 */
const [port = '0', delayMs = '1000'] = process.argv.slice(2);

function attempt(): void {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  socket.on('connect', () => socket.write('control\n'));
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.on('close', () => after(Number(delayMs), attempt));
}

attempt();
