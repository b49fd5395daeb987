/** Flaw: its gauge of open streams misses those that were cut, and not ended by the server. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/lying-metrics';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ uncounts: (finished) => finished });
