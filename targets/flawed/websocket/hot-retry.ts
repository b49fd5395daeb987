/**
 * Flaw: tries again at once, for ever. "At once" is 50 ms, so that eight copies do not starve the harness that counts them;
 * it has no growth and no jitter either (CHECKLIST rule 22).
 */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/hot-retry';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: [
    'websocket/fixed-retry',
    'websocket/no-jitter',
    'websocket/herd-retry',
    'websocket/eager-backoff',
    'websocket/flapping-reset',
    'websocket/backoff-kept',
  ],
};

if (require.main === module) startClient({ delayMs: () => 50 });
