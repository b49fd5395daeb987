/** Tricky: a PING every 5 s, and 8 s for its answer: soon, and yet longer than a spike. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'takes a client for dead 8 s after a PING',
  fine: ['grpc/drops-on-spike', 'grpc/leaked-session', 'grpc/no-heartbeat'],
};

const options = {
  ...resilient.options,
  'grpc.keepalive_time_ms': scaledMs(5_000),
  'grpc.keepalive_timeout_ms': scaledMs(8_000),
};

if (require.main === module) startServer({ options });
