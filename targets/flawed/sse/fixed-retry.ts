/** Flaw: comes back 3 to 5 s after each failure: with jitter, and without growth. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/fixed-retry';
export const meta: FlawMeta = { role: 'client', trips, implies: ['sse/flapping-reset', 'sse/backoff-kept'] };

if (require.main === module) startClient({ leastMs: () => 3_000, jitterMs: () => 2_000 * Math.random() });
