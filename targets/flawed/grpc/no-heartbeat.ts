/** Flaw: has the library's default keepalive, which is none, and so says nothing on a quiet call. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-heartbeat';
export const meta: FlawMeta = { role: 'server', trips, implies: ['grpc/idle-cut', 'grpc/leaked-session'] };

const { 'grpc.keepalive_time_ms': _, ...options } = resilient.options;

if (require.main === module) startServer({ options, beat: () => {} });
