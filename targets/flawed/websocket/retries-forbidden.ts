/** Flaw: takes 401 and 403 for a failure like any other, and tries again with the same credential. */
import type { FlawMeta } from '../../program';
import { retryAfterMs } from '../../retry-after';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/retries-forbidden';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    askedMs: (_status, retryAfter) => retryAfterMs(retryAfter),
    delayMs: (failures) => Math.min(30_000, 1_500 * 1.6 ** failures) * (0.5 + 0.5 * Math.random()),
  });
