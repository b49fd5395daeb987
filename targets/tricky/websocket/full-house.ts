/** Tricky: lets 100 in and tells the others 503, so that its descriptors never run out; leaves a handshake 50 s to be finished. */
import type { TrickyMeta } from '../../program';
import type { Session } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'at most 100 sessions, then 503; handshakes are cut only after 50 s',
  fine: ['websocket/descriptor-exhaustion', 'websocket/slow-handshake'],
};

const ROOM = 100;
let inside = 0;

function queues(_: unknown, next: () => void, refuse: () => void): void {
  if (inside >= ROOM) refuse();
  else next();
}

function welcome({ socket }: Session): void {
  inside += 1;
  socket.once('close', () => {
    inside -= 1;
  });
}

if (require.main === module) startServer({ queues, welcome, handshakeMs: 50_000 });
