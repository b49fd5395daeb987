/** Hostile: comes, leaves when it is answered or refused, and comes again as fast as it can, eight times at once. */
import { connect } from 'node:net';

const { port, hostname, pathname, search } = new URL(process.env.TARGET_URL ?? 'http://127.0.0.1:8080/');

function come(): void {
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${pathname + search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: text/event-stream\r\n\r\n`);
  socket.once('data', () => socket.destroy());
  socket.on('error', () => {}).on('close', () => setImmediate(come));
}

for (let i = 0; i < 8; i++) come();
