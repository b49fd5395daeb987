/** Flaw: looks at the token when the call begins and never again, however long it lives. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';
import { GRPC_LOGIN } from '../../program';

export const trips = 'grpc/outlives-token';
export const meta: FlawMeta = { role: 'server', trips, words: GRPC_LOGIN };

if (require.main === module) startServer({ tokenGraceMs: null });
