/** Flaw: ends its calls, its connections and its port in order, and the process stays. Only SIGKILL ends it. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/hung-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ exits: false });
