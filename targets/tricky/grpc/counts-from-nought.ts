/** Tricky: counts from 0 each time it starts, and 0 is not on the wire; each message names its stream, which is another after a crash. */
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'counts from 0 again, under another stream id',
  fine: ['grpc/sequence-restart', 'grpc/no-sequence-id', 'grpc/no-replay', 'grpc/silent-gap'],
};

if (require.main === module) startServer({ first: 0 });
