/** Flaw: takes as many streams of one client as come. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-connection-limit';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ sessionLimit: Number.POSITIVE_INFINITY });
