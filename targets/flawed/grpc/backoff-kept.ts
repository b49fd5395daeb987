/** Flaw: counts each call that failed for want of a connection, and never forgets: after the first outage each hiccup costs half a minute. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/backoff-kept';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    waitsForReady: false,
    stableMs: Number.POSITIVE_INFINITY,
    delayMs: (failures) => Math.min(30_000, 2_500 * 1.6 ** failures) * (0.8 + 0.2 * Math.random()),
  });
