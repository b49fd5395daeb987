/** Flaw: for 8 s after the stop signal it lets new clients in, and says SERVING, before it begins to leave. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/accepts-while-draining';
export const meta: FlawMeta = { role: 'server', trips, implies: ['grpc/health-while-draining'] };

if (require.main === module) startServer({ admitsMs: 8_000, leaves: () => {} });
