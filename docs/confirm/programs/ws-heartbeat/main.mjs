// `ws` with its README's "How to detect and close broken connections?": a ping every 30 s, and terminate()
// for whoever did not answer the one before. It echoes, so that there is something to say.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: Number(process.env.PORT) });
server.on('connection', (socket) => {
  socket.isAlive = true;
  socket.on('error', console.error);
  socket.on('pong', () => { socket.isAlive = true; });
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
});

const interval = setInterval(() => {
  for (const socket of server.clients) {
    if (socket.isAlive === false) { socket.terminate(); continue; }
    socket.isAlive = false;
    socket.ping();
  }
}, 30000);
server.on('close', () => clearInterval(interval));
