/**
 * Tricky: handshakes take it 40 ms each, one after another, so that a storm lasts for seconds and some give up. Who has left is
 * passed over, and who would have to wait too long is told 503 at once: orderly refusals are answers (CHECKLIST rule 23).
 */
import type { Socket } from 'node:net';
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'one handshake at a time, 503 where the queue is long',
  fine: ['websocket/storm-cascade', 'websocket/storm-collapse'],
  words: ['--clients', '100'],
};

const LOOKUP_MS = 40;
const LONGEST = 90;
const waiting: { readonly next: () => void; left: boolean }[] = [];

function lookUp(): void {
  const turn = waiting.shift();
  if (turn && !turn.left) turn.next();
  while (waiting[0]?.left) waiting.shift();
  if (waiting.length > 0) setTimeout(lookUp, LOOKUP_MS);
}

function queues(socket: Socket, next: () => void, refuse: () => void): void {
  if (waiting.length >= LONGEST) return void refuse();
  const turn = {
    left: false,
    next: () => {
      socket.pause();
      next();
    },
  };
  // Only a socket that flows tells of its end; before the handshake's answer a client sends nothing.
  socket.resume().once('end', () => {
    turn.left = true;
    socket.end();
  });
  if (waiting.push(turn) === 1) setTimeout(lookUp, LOOKUP_MS);
}

if (require.main === module) startServer({ queues });
