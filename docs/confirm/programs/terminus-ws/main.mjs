// @godaddy/terminus as its README's "How to set Terminus up with Kubernetes?" shows (beforeShutdown waits 5 s, useExit0),
// with the README's health check, around the `ws` README's "External HTTP/S server".
// For 5 s after SIGTERM the port goes on taking connections, and only /healthcheck says 503.
import http from 'node:http';
import { createTerminus } from '@godaddy/terminus';
import { WebSocketServer } from 'ws';

const server = http.createServer((request, response) => response.end('Hello, World!'));
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
});

const beforeShutdown = () => new Promise((resolve) => { setTimeout(resolve, 5000); });
createTerminus(server, {
  healthChecks: { '/healthcheck': () => Promise.resolve() },
  beforeShutdown,
  useExit0: true,
});
server.listen(Number(process.env.PORT));
