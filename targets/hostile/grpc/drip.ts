/** Hostile: answers each call with a message of 1 MiB of which a byte comes every 20 ms. */
import { createServer } from 'node:http2';

const { PORT = '8080', HOST = '127.0.0.1' } = process.env;
const EVERY_MS = 20;

const server = createServer();
server.on('session', (session) => session.on('error', () => {}));
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  stream.write(Buffer.from([0, 0, 16, 0, 0]));
  const dripping = setInterval(() => stream.destroyed || stream.write('x'), EVERY_MS);
  stream.on('close', () => clearInterval(dripping));
});
server.listen(Number(PORT), HOST);
