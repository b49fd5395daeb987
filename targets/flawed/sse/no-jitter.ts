/** Flaw: backs off from 3 s, doubled to 30 s, with nothing random in it: a herd stays a herd. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/no-jitter';
export const meta: FlawMeta = { role: 'client', trips, implies: ['sse/herd-retry', 'sse/slow-to-leave'] };

if (require.main === module)
  startClient({ leastMs: (failures) => Math.min(30_000, 3_000 * 2 ** failures), jitterMs: () => 0 });
