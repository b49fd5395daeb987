/** Hostile: sends small messages as fast as the kernel takes them, to everyone and without an end. Whatever else it does is right. */
import type { WebSocket } from 'ws';
import { startServer } from '../../websocket-server';

const messages = Array.from({ length: 100 }, (_, i) => `{"noise":${i}}`);

function pour(socket: WebSocket): void {
  if (socket.readyState !== socket.OPEN) return;
  for (const message of messages) socket.send(message);
  socket.send(messages[0] ?? '', () => setImmediate(pour, socket));
}

startServer({ welcome: ({ socket }) => pour(socket) });
