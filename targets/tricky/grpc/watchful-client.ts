/** Tricky: a PING every 5 s, and 8 s for its answer: soon, and yet longer than a spike. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'takes a link for dead 8 s after a PING',
  fine: ['grpc/drops-on-spike', 'grpc/silent-disconnect'],
};

const options = {
  ...resilient.options,
  'grpc.keepalive_time_ms': scaledMs(5_000),
  'grpc.keepalive_timeout_ms': scaledMs(8_000),
};

if (require.main === module) startClient({ options });
