import cluster from 'node:cluster';
import { connect, createServer } from 'node:net';

/**
 * Not a Toxiproxy: the least that a proxy in Node can do, to tell what of our cost is the platform's. Two sockets joined by
 * `pipe`, no toxics, no counting; with a second argument, in so many processes that share the listening socket.
 *
 *   node bench-pipe.js <upstream port> [processes]
 */
const upstream = Number(process.argv[2]);
const processes = Number(process.argv[3] ?? 1);

function serve(told: (port: number) => void): void {
  const server = createServer({ noDelay: true }, (client) => {
    const far = connect({ port: upstream, host: '127.0.0.1', noDelay: true });
    for (const [one, other] of [
      [client, far],
      [far, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address();
    told(typeof address === 'object' && address ? address.port : 0);
  });
}

process.on('disconnect', () => process.exit(0));
if (cluster.isWorker) serve((port) => process.send?.({ port }));
else if (processes === 1) serve((port) => process.send?.({ port }));
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
