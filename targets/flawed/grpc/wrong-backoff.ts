/** Flaw: its channel waits no longer than 5 s, however long the outage. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/wrong-backoff';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({ options: { ...resilient.options, 'grpc.max_reconnect_backoff_ms': scaledMs(5_000) } });
