/** Flaw: takes 401 and 403 for a failure like any other, and tries again with the same credential. */
import type { FlawMeta } from '../../program';
import { retryAfterMs } from '../../retry-after';
import { startClient } from '../../sse-client';

export const trips = 'sse/retries-forbidden';
export const meta: FlawMeta = { role: 'client', trips };

const ceilingMs = (failures: number) => Math.min(30_000, 1_500 * 1.6 ** failures);

if (require.main === module)
  startClient({
    askedMs: (_status, retryAfter) => retryAfterMs(retryAfter),
    leastMs: (failures) => 0.5 * ceilingMs(failures),
    jitterMs: (failures) => 0.5 * ceilingMs(failures) * Math.random(),
  });
