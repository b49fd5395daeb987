/** Hostile: answers each handshake with one byte a second. */
import { createServer } from 'node:net';

const { PORT = '8080', HOST = '127.0.0.1' } = process.env;
const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

createServer((socket) => {
  let at = 0;
  const dripping = setInterval(() => socket.write(HEAD[at++ % HEAD.length] ?? ''), 1000);
  socket.on('error', () => {}).on('close', () => clearInterval(dripping));
  socket.resume();
}).listen(Number(PORT), HOST);
