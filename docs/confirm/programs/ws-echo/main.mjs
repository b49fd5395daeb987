// The echo server of the `ws` package: its README, "Simple server", answering each message with itself.
// Nothing but the defaults: no ping, no signal handler, maxPayload 100 MiB.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: Number(process.env.PORT) });
server.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
});
