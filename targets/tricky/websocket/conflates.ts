/** Tricky: keeps for each slow client only the newest message, which replaces the one before: a ticker, `delivery: latest`. */
import type { WebSocket } from 'ws';
import type { TrickyMeta } from '../../program';
import { send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'keeps only the newest message for a slow client',
  fine: ['websocket/unbounded-buffer', 'websocket/slow-neighbour'],
  words: ['--delivery', 'latest'],
};

const LOOK_MS = 10;
const newest = new Map<WebSocket, string>();

function deliver(text: string, to: Iterable<WebSocket>): void {
  for (const socket of to) {
    if (socket.bufferedAmount > 0) newest.set(socket, text);
    else send(socket, text);
  }
}

function catchUp(): void {
  for (const [socket, text] of newest) {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount > 0) continue;
    newest.delete(socket);
    send(socket, text);
  }
}

if (require.main === module) {
  startServer({ deliver });
  setInterval(catchUp, LOOK_MS);
}
