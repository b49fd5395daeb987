/** Flaw: its gauge of open calls misses those that were cut, and not ended by the server. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/lying-metrics';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ uncounts: (cancelled) => !cancelled });
