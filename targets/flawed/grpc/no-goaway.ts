/** Flaw: ends its calls one after another over 5 s, and says GOAWAY only when all are over: meanwhile their clients ask it again. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-goaway';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ saysGoaway: false, drainMs: 5_000 });
