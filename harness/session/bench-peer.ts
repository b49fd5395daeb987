import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { performance } from 'node:perf_hooks';
import { WebSocket, WebSocketServer } from 'ws';
import { every, nowMs, until } from '../clock.js';
import { createRandom } from '../random.js';

/** The ends of the benchmark, and what a session is compared with, each a process of its own: `server`, `proxy PORT`, or `clients URL COUNT EVERY_MS FOR_MS`. */

function serve(): void {
  const server: WebSocketServer = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () =>
    process.send?.((server.address() as { port: number }).port),
  );
  server.on('connection', (socket) =>
    socket.on('message', (said, isBinary) => socket.send(said, { binary: isBinary })).on('error', () => undefined),
  );
}

/** The least that anything between the two costs: bytes from one socket to the other. */
function pass(port: number): void {
  const proxy: Server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  proxy.listen(0, '127.0.0.1', () => process.send?.((proxy.address() as AddressInfo).port));
}

async function load(url: string, count: number, everyMs: number, forMs: number): Promise<void> {
  const tripsMs: number[] = [];
  const sockets: WebSocket[] = [];
  let open = 0;
  for (let i = 0; i < count; i++) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('open', () => {
      open += 1;
    });
    socket.on('error', () => undefined);
    socket.on('message', (said) => tripsMs.push(performance.now() - Number(said.toString())));
    sockets.push(socket);
    if (i % 50 === 49) await until('fifty more are open', () => open >= i - 40, 30_000);
  }
  await until('all are open', () => open === count, 60_000);
  process.send?.({ open });
  let turn = 0;
  // Each at a moment of its own, as clients that know nothing of each other.
  const random = createRandom(1);
  const dueMs = sockets.map(() => random.next() * everyMs).sort((a, b) => a - b);
  const startMs = nowMs();
  const asking = every(1, () => {
    const nextMs = () => Math.floor(turn / count) * everyMs + (dueMs[turn % count] ?? 0);
    for (; nextMs() <= nowMs() - startMs; turn++) sockets[turn % count]?.send(String(performance.now()));
  });
  const endMs = nowMs() + forMs;
  await until('the time is over', () => nowMs() >= endMs, forMs + 1000, { stepMs: 100 });
  asking[Symbol.dispose]();
  process.send?.({ tripsMs });
}

const [, , role, url = '', count = '1', everyMs = '1000', forMs = '10000'] = process.argv;
if (role === 'server') serve();
else if (role === 'proxy') pass(Number(url));
else if (role === 'clients')
  void load(url, Number(count), Number(everyMs), Number(forMs)).then(() => process.disconnect());
