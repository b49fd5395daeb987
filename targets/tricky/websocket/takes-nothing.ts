/**
 * Tricky: a feed that takes no messages. At the head of the first one it says 1008, and reads on and forgets what comes until the
 * other side has closed too, as the closing handshake wants it: up to 64 MiB that were never taken.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ends at the head of any message with 1008, and reads on until the other side has closed',
  fine: ['websocket/unbounded-message'],
};

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const [CLOSE, PING, PONG] = [8, 9, 10];
const WAITS_MS = 5000;
const POLICY = 1008;

/** Control frames of a client have six bytes before their payload, which is at most 125 bytes long (RFC 6455 5.2, 5.5). */
function listen(socket: Socket): void {
  let pending = Buffer.alloc(0);
  const say = (opcode: number, payload: Buffer) =>
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]));
  const leave = (code: number) => {
    socket.removeAllListeners('data').resume();
    say(CLOSE, Buffer.from([code >> 8, code & 0xff]));
    setTimeout(() => socket.destroy(), code === POLICY ? WAITS_MS : 0);
  };
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2) {
      const [first = 0, second = 0] = pending;
      const opcode = first & 0x0f;
      if (opcode < CLOSE) return leave(POLICY);
      const end = 6 + (second & 0x7f);
      if (pending.length < end) return;
      const mask = pending.subarray(2, 6);
      const payload = Buffer.from(pending.subarray(6, end).map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
      pending = pending.subarray(end);
      if (opcode === CLOSE) return leave(1000);
      if (opcode === PING) say(PONG, payload);
    }
  });
}

const http = createServer((_, response) => void response.writeHead(404).end());
http.on('upgrade', ({ headers }, socket: Socket) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  listen(socket);
});

if (require.main === module) {
  process.once('SIGTERM', () => process.exit(0));
  http.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1');
}
