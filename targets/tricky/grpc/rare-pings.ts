/** Tricky: a PING a minute only, with 20 s for its answer: late, and yet in time. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'a PING a minute, and 20 s for its answer',
  fine: ['grpc/no-keepalive', 'grpc/silent-disconnect'],
};

const options = {
  ...resilient.options,
  'grpc.keepalive_time_ms': scaledMs(60_000),
  'grpc.keepalive_timeout_ms': scaledMs(20_000),
};

if (require.main === module) startClient({ options });
