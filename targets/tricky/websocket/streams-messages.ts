/**
 * Tricky: an upload in one message, of which nothing is kept: bytes are counted and forgotten as they come, in fragments or not.
 * It says 1009 late, when more than 64 MiB have really come, and never holds more than one chunk.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'counts a message as it comes and keeps none of it; 1009 only after 64 MiB',
  fine: ['websocket/unbounded-message'],
};

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const LIMIT_BYTES = 64 * MIB;
const [CLOSE, PING, PONG] = [8, 9, 10];

/** Reads frames (RFC 6455 5.2); the payload of data is counted and passed over. */
function count(socket: Socket): void {
  let pending = Buffer.alloc(0);
  let left = 0;
  let taken = 0;
  const say = (opcode: number, payload: Buffer) =>
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]));
  const leave = (code: number) => {
    socket.removeAllListeners('data').resume();
    say(CLOSE, Buffer.from([code >> 8, code & 0xff]));
    socket.end();
  };
  const pass = () => {
    const passed = Math.min(left, pending.length);
    pending = pending.subarray(passed);
    left -= passed;
    taken += passed;
    if (taken > LIMIT_BYTES) leave(1009);
    return left === 0 && taken <= LIMIT_BYTES;
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pass() && pending.length >= 2) {
      const [first = 0, second = 0] = pending;
      const short = second & 0x7f;
      const at = short === 127 ? 14 : short === 126 ? 8 : 6;
      const control = (first & 0x08) !== 0;
      if (pending.length < at + (control ? short : 0)) return;
      const size = short === 127 ? Number(pending.readBigUInt64BE(2)) : short === 126 ? pending.readUInt16BE(2) : short;
      const mask = pending.subarray(at - 4, at);
      pending = pending.subarray(at);
      if (!control) {
        if ((first & 0x0f) !== 0) taken = 0;
        left = size;
        continue;
      }
      const payload = Buffer.from(pending.subarray(0, size).map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
      pending = pending.subarray(size);
      if ((first & 0x0f) === CLOSE) return leave(1000);
      if ((first & 0x0f) === PING) say(PONG, payload);
    }
  });
}

const http = createServer((_, response) => void response.writeHead(404).end());
http.on('upgrade', ({ headers }, socket: Socket) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  count(socket);
});

if (require.main === module) {
  process.once('SIGTERM', () => process.exit(0));
  http.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1');
}
