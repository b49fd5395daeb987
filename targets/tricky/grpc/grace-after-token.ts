/** Tricky: looks every so often at who may stay, so that a call outlives its token by up to 50 s: less than a minute. */
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';
import { GRPC_LOGIN } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ends a call 50 s after its token',
  fine: ['grpc/outlives-token'],
  words: GRPC_LOGIN,
};

if (require.main === module) startServer({ tokenGraceMs: 50_000 });
