/** Tricky: lets 100 in and tells the others 503, so that its descriptors never run out; leaves a request 50 s to be finished. */
import type { TrickyMeta } from '../../program';
import type { Stream } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'at most 100 streams, then 503; requests are cut only after 50 s',
  fine: ['sse/descriptor-exhaustion', 'sse/slow-handshake'],
};

const ROOM = 100;
let inside = 0;

function queues(_: unknown, next: () => void, refuse: () => void): void {
  if (inside >= ROOM) refuse();
  else next();
}

function welcome({ response }: Stream): void {
  inside += 1;
  response.once('close', () => {
    inside -= 1;
  });
}

if (require.main === module) startServer({ queues, welcome, handshakeMs: 50_000 });
