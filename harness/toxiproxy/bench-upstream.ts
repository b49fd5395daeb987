import { createServer, type Server, type Socket } from 'node:net';

/**
 * The far side of the benchmark, as a process of its own: an echo, and a source that sends as many bytes as the first line
 * it gets asks for. Says its ports to its parent, and ends with it.
 */
export interface UpstreamPorts {
  readonly echo: number;
  readonly source: number;
}

const BLOCK = Buffer.alloc(256 * 1024, 'holdfast');

function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

function send(socket: Socket, sizeBytes: number): void {
  let left = sizeBytes;
  const more = () => {
    while (left > 0) {
      const part = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
      left -= part.length;
      if (!socket.write(part)) {
        socket.once('drain', more);
        return;
      }
    }
    socket.end();
  };
  more();
}

async function main(): Promise<void> {
  const ports: UpstreamPorts = {
    echo: await listen((socket) => socket.on('data', (bytes) => socket.write(bytes))),
    source: await listen((socket) => socket.once('data', (bytes) => send(socket, Number(String(bytes))))),
  };
  process.send?.(ports);
}

process.on('disconnect', () => process.exit(0));
void main();
