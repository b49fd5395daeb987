import cluster from 'node:cluster';
import { connect, createServer, type Socket } from 'node:net';

/**
 * Not a Toxiproxy: the least that a proxy in Node can do, to tell what of our cost is the platform's. No toxics, no counting.
 *
 *   node bench-pipe.js <upstream port> pipe          two sockets joined by `pipe`
 *   node bench-pipe.js <upstream port> manual        what the upstream sends is read into one buffer a connection, used again
 *   node bench-pipe.js <upstream port> pipe <n>      in n processes that share the listening socket
 */
const upstream = Number(process.argv[2]);
const manual = process.argv[3] === 'manual';
const processes = Number(process.argv[4] ?? 1);
const BUFFER_BYTES = 64 * 1024;

function dial(client: Socket): Socket {
  const to = { port: upstream, host: '127.0.0.1', noDelay: true };
  if (!manual) {
    const far = connect(to);
    far.pipe(client);
    return far;
  }
  const far = connect({
    ...to,
    onread: {
      buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES),
      // False stops reading: until the kernel has all of it, the buffer is not free.
      callback: (size, buffer) => client.write(buffer.subarray(0, size)) || client.writableLength === 0,
    },
  });
  client.on('drain', () => far.resume());
  return far;
}

function serve(told: (port: number) => void): void {
  const server = createServer({ noDelay: true }, (client) => {
    const far = dial(client);
    client.pipe(far);
    for (const [one, other] of [
      [client, far],
      [far, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address();
    told(typeof address === 'object' && address ? address.port : 0);
  });
}

process.on('disconnect', () => process.exit(0));
if (cluster.isWorker || processes === 1) serve((port) => process.send?.({ port }));
else {
  // The kernel gives each connect to whichever process asks first.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  let ready = 0;
  for (let i = 0; i < processes; i++) {
    cluster.fork().on('message', ({ port }) => {
      if (++ready === processes) process.send?.({ port });
    });
  }
}
