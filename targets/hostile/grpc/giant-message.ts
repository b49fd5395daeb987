/** Hostile: answers every fourth call with a message that it announces as 4 GiB less a byte, and sends as fast as the windows are opened. */
import { createServer, type ServerHttp2Stream } from 'node:http2';

const { PORT = '8080', HOST = '127.0.0.1' } = process.env;
const piece = Buffer.alloc(16 * 1024, 'x');
let [called, last] = [0, 0];

function pour(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) stream.write(piece, () => pour(stream));
}

/** `{ seq }` of feed.proto, with its prefix. */
function message(): Buffer {
  last = (last + 1) % 0x80;
  return Buffer.from([0, 0, 0, 0, 2, 0x08, last]);
}

const server = createServer();
server.on('session', (session) => session.on('error', () => {}));
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  if (called++ % 4 < 3) {
    const pushing = setInterval(() => stream.destroyed || stream.write(message()), 200);
    stream.on('close', () => clearInterval(pushing));
    return;
  }
  stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]));
  pour(stream);
});
server.listen(Number(PORT), HOST);
