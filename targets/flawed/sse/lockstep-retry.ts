/** Flaw: tells everybody the same time to come back. */
import type { FlawMeta } from '../../program';
import { scaledMs } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/lockstep-retry';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ retryMs: () => scaledMs(3_000) });
