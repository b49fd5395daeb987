/** gRPC and plain HTTP on one port, told apart by the first bytes of a connection. */
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';

/** HTTP/2 begins with it [RFC 9113, 3.4]; no method of HTTP/1.1 does with its first letters. */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const METHOD = PREFACE.slice(0, 4);

/** Who has not said in this time which of them it speaks, HTTP/2 by its whole preface, is cut; 0 waits for ever. */
export function onePort(http: HttpServer, grpc: (socket: Socket) => void, muteMs: number): Server {
  return createServer({ noDelay: true }, (socket) => {
    const mute = muteMs > 0 ? setTimeout(() => socket.destroy(), muteMs) : undefined;
    let first: Buffer | null = null;
    const look = () => {
      first ??= socket.read(METHOD.length);
      if (first === null) return;
      const isHttp2 = first.toString('latin1') === METHOD;
      const restBytes = isHttp2 ? PREFACE.length - METHOD.length : 0;
      const rest: Buffer | null = restBytes > 0 ? socket.read(restBytes) : Buffer.alloc(0);
      if (rest === null) return;
      clearTimeout(mute);
      socket.off('readable', look);
      // At its end less is given than was asked for.
      if (rest.length < restBytes) return socket.destroy();
      socket.unshift(Buffer.concat([first, rest]));
      if (isHttp2) grpc(socket);
      else http.emit('connection', socket);
    };
    socket.on('error', () => {}); // The close says enough.
    socket.on('readable', look).once('close', () => clearTimeout(mute));
  });
}
