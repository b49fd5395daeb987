/** Tricky: comes back 5 to 30 s after its server has ended its call with UNAVAILABLE, as after a deploy, and sooner after any other end. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';
import { isSentAway } from '../../retry-info';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'comes back 5 to 30 s after its server has said UNAVAILABLE',
  fine: ['grpc/slow-to-leave', 'grpc/no-reconnect'],
};

if (require.main === module)
  startClient({
    delayMs: (failures, ended) =>
      isSentAway(ended) ? 5_000 + 25_000 * Math.random() : resilient.delayMs(failures, ended),
  });
