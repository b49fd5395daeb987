/** Flaw: sends a PING every 10 s, and takes the link for dead that has not answered within 3 s. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/drops-on-spike';
export const meta: FlawMeta = { role: 'client', trips };

const options = {
  ...resilient.options,
  'grpc.keepalive_time_ms': scaledMs(10_000),
  'grpc.keepalive_timeout_ms': scaledMs(3_000),
};

if (require.main === module) startClient({ options });
