/**
 * Flaw: tries again at once, for ever, whatever it is asked. "At once" is 50 ms, so that eight copies do not starve the harness that
 * counts them; it has no growth and no jitter either (CHECKLIST rule 22).
 */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/hot-retry';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: [
    'sse/fixed-retry',
    'sse/no-jitter',
    'sse/herd-retry',
    'sse/eager-backoff',
    'sse/flapping-reset',
    'sse/backoff-kept',
    'sse/ignores-retry-hint',
  ],
};

if (require.main === module) startClient({ heedsMs: () => 0, leastMs: () => 50, jitterMs: () => 0 });
