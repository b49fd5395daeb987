/** Tricky: allows 20 streams on a connection and 60 to an address: beyond that it says RESOURCE_EXHAUSTED at once. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'allows 20 streams on a connection and 60 to an address, and refuses what is beyond',
  fine: ['grpc/stream-limit', 'grpc/stalled-sibling'],
};

if (require.main === module)
  startServer({ options: { ...resilient.options, 'grpc.max_concurrent_streams': 20 }, sessionLimit: 60 });
