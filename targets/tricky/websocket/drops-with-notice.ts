/** Tricky: drops what a slow client cannot take, counts it, and says so once the client is back: it loses data, and no memory. */
import type { WebSocket } from 'ws';
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';
import { send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'drops what a slow client cannot take, and tells it how much',
  fine: ['websocket/unbounded-buffer', 'websocket/slow-neighbour'],
};

const dropped = new WeakMap<WebSocket, number>();

function deliver(text: string, to: Iterable<WebSocket>): void {
  for (const socket of to) {
    const count = dropped.get(socket) ?? 0;
    if (socket.bufferedAmount > MIB) {
      dropped.set(socket, count + 1);
      continue;
    }
    if (count > 0) send(socket, JSON.stringify({ event: 'dropped', count }));
    dropped.delete(socket);
    send(socket, text);
  }
}

if (require.main === module) startServer({ deliver });
