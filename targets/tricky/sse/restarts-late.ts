/** Tricky: comes back 5 to 30 s after a stream that was ended in order, as after a deploy, and sooner after any other end. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';
import { resilient } from '../../sse-client-behaviour';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'comes back 5 to 30 s after the orderly end of its stream',
  fine: ['sse/slow-to-leave', 'sse/no-reconnect'],
};

if (require.main === module) {
  startClient({
    leastMs: (failures, why) => (why.whole ? 5_000 : resilient.leastMs(failures, why)),
    jitterMs: (failures, why) => (why.whole ? 25_000 * Math.random() : resilient.jitterMs(failures, why)),
  });
}
