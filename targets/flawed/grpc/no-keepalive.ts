/** Flaw: sends a PING every five minutes only, which is what servers allow by default. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/no-keepalive';
export const meta: FlawMeta = { role: 'client', trips, implies: ['grpc/silent-disconnect'] };

if (require.main === module)
  startClient({ options: { ...resilient.options, 'grpc.keepalive_time_ms': scaledMs(300_000) } });
