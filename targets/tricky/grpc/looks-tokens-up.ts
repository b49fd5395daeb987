/** Tricky: knows only after 2 s whether a token is good, and says nothing of a call before. */
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';
import { GRPC_LOGIN } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'refuses 2 s after the call',
  fine: ['grpc/late-auth', 'grpc/auth-window'],
  words: GRPC_LOGIN,
};

if (require.main === module) startServer({ lookUpMs: 2_000 });
