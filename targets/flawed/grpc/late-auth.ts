/** Flaw: never asks members for a token. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';
import { GRPC_LOGIN } from '../../program';

export const trips = 'grpc/late-auth';
export const meta: FlawMeta = { role: 'server', trips, words: GRPC_LOGIN };

if (require.main === module) startServer({ refusal: () => null });
