/** Tricky: a jitter of no more than +-15 %, and a cap of 60 s: by their k-th delay its processes look much alike. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'jitter of +-15 %, a cap of 60 s',
  fine: [
    'websocket/no-jitter',
    'websocket/herd-retry',
    'websocket/hot-retry',
    'websocket/gives-up',
    'websocket/backoff-kept',
    'websocket/flapping-reset',
  ],
};

const delayMs = (failures: number) => Math.min(60_000, 3_000 * 2 ** failures) * (0.85 + 0.3 * Math.random());

if (require.main === module) startClient({ delayMs });
