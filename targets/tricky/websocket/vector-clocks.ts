/**
 * Tricky: two writers and no common number: the id of a message is its vector clock, and a client comes back with the whole of
 * it. One that is not known is answered by a close code.
 */
import { randomInt } from 'node:crypto';
import { WebSocketServer } from 'ws';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'vector clocks for ids; close 4404 for an unknown one',
  fine: ['websocket/no-sequence-id', 'websocket/no-replay', 'websocket/silent-gap'],
};

const PUSH_MS = 200;

function main(): void {
  const clock = { east: randomInt(100, 900), west: randomInt(100, 900) };
  const log: { readonly key: string; readonly text: string }[] = [];
  const server = new WebSocketServer({ port: Number(process.env.PORT), host: '127.0.0.1' });
  server.on('connection', (socket, { url = '' }) => {
    socket.on('error', () => {});
    const cursor = new URLSearchParams(url.split('?')[1]).get('last');
    if (cursor === null) return;
    const at = log.findIndex(({ key }) => key === cursor);
    if (at < 0) return socket.close(4404, 'no such place');
    for (const { text } of log.slice(at + 1)) socket.send(text);
  });
  setInterval(() => {
    clock[randomInt(2) === 0 ? 'east' : 'west'] += 1;
    const text = JSON.stringify({ clock, text: `${20 + randomInt(5)} degrees` });
    log.push({ key: JSON.stringify(clock), text });
    for (const socket of server.clients) socket.send(text);
  }, PUSH_MS);
  process.once('SIGTERM', () => process.exit(0));
}

if (require.main === module) main();
