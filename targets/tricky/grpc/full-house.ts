/** Tricky: lets 100 in and tells the others UNAVAILABLE, so that its descriptors never run out; leaves a preface 50 s to be finished. */
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'at most 100 streams, then UNAVAILABLE; prefaces are cut only after 50 s',
  fine: ['grpc/descriptor-exhaustion', 'grpc/slow-handshake', 'grpc/no-connection-limit'],
};

const ROOM = 100;
let inside = 0;

if (require.main === module)
  startServer({
    queues: (next, refuse) => {
      if (inside >= ROOM) return refuse();
      inside += 1;
      next();
    },
    left: (forget) => {
      inside -= 1;
      forget();
    },
    handshakeMs: 50_000,
  });
