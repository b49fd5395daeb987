/**
 * Tricky: takes 1001 as the registry's 1012 ("reconnect using a randomized delay of 5 - 30s"), so that after a goodbye it is away for
 * longer than after any other end.
 */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';
import { resilient } from '../../websocket-client-behaviour';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'comes back 5 to 30 s after a goodbye',
  fine: ['websocket/slow-to-leave', 'websocket/no-reconnect'],
};

if (require.main === module) {
  startClient({
    delayMs: (failures, why) => (why.code === 1001 ? 5_000 + 25_000 * Math.random() : resilient.delayMs(failures, why)),
  });
}
