// The broadcast server of the `ws` package: its README, "Server broadcast": to every open client, itself included.
import WebSocket, { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: Number(process.env.PORT) });
server.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', (message, isBinary) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(message, { binary: isBinary });
    }
  });
});
