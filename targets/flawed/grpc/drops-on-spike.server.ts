/** Flaw: sends a PING every 10 s, and lets go of a client that has not answered within 3 s. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/drops-on-spike';
export const meta: FlawMeta = { role: 'server', trips };

const options = {
  ...resilient.options,
  'grpc.keepalive_time_ms': scaledMs(10_000),
  'grpc.keepalive_timeout_ms': scaledMs(3_000),
};

if (require.main === module) startServer({ options });
