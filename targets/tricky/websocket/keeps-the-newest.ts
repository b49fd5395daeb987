/**
 * Tricky: keeps the newest 24 MiB of what it cannot send, in a queue of its own, and says what it drops: its memory grows
 * for a while, and all that it kept comes at once when it is read again.
 */
import type { WebSocket } from 'ws';
import { report, type TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'keeps the newest 24 MiB that it could not send, and drops the oldest',
  fine: ['websocket/unbounded-send-buffer'],
};

const MIB = 1024 * 1024;
const queue: Buffer[] = [];

function upload(socket: WebSocket, chunk: Buffer): void {
  queue.push(Buffer.from(chunk));
  if (queue.length * chunk.length > 24 * MIB) {
    queue.shift();
    report('unsent');
  }
  while (socket.bufferedAmount < MIB && queue.length > 0) socket.send(queue.shift() as Buffer);
}

if (require.main === module) startClient({ upload });
