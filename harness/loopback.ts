import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** A server of ours on a port that the kernel chooses. Disposing it destroys every connection that it still has. */
export interface LoopbackServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** Before anybody came: later connections would not be known. */
export async function listenOnLoopback(server: Server): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    host: LOOPBACK,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
