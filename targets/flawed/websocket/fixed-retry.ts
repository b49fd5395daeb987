/** Flaw: tries again after 3 s +-30 % each time: jitter, but no growth. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/fixed-retry';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: ['websocket/flapping-reset', 'websocket/backoff-kept'],
};

if (require.main === module) startClient({ delayMs: () => 3_000 * (0.7 + 0.6 * Math.random()) });
