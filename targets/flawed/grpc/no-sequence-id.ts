/** Flaw: its messages carry no number, so no client can say what it has seen; a cursor from elsewhere is still refused. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-sequence-id';
export const meta: FlawMeta = {
  role: 'server',
  trips,
  implies: ['grpc/no-replay', 'grpc/silent-gap', 'grpc/sequence-restart'],
};

if (require.main === module) startServer({ form: ({ stream, data }) => ({ stream, data }) });
