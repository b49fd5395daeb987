/** Flaw: takes UNAUTHENTICATED and PERMISSION_DENIED for a failure like any other, and calls again with the same credential. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';
import { pushbackMs } from '../../retry-info';

export const trips = 'grpc/retries-forbidden';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    askedMs: pushbackMs,
    delayMs: (failures) => Math.min(30_000, 1_500 * 1.6 ** failures) * (0.5 + 0.5 * Math.random()),
  });
