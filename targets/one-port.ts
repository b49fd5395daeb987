/** gRPC and plain HTTP on one port, told apart by the first bytes of a connection. */
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';

/** HTTP/2 begins with `PRI * HTTP/2.0` [RFC 9113, 3.4]; no method of HTTP/1.1 does. */
const PREFACE = 'PRI ';

/** Who says nothing within `muteMs` is cut; 0 waits for ever. */
export function onePort(http: HttpServer, grpc: (socket: Socket) => void, muteMs: number): Server {
  return createServer({ noDelay: true }, (socket) => {
    const mute = muteMs > 0 ? setTimeout(() => socket.destroy(), muteMs) : undefined;
    const look = () => {
      const head: Buffer | null = socket.read(PREFACE.length);
      if (head === null) return;
      clearTimeout(mute);
      socket.off('readable', look).unshift(head);
      if (head.toString('latin1') === PREFACE) grpc(socket);
      else http.emit('connection', socket);
    };
    socket.on('error', () => {}); // The close says enough.
    socket.on('readable', look).once('close', () => clearTimeout(mute));
  });
}
