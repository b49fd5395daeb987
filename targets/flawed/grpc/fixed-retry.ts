/** Flaw: its channel comes back 4 s after each failure, drawn in +-20 %, and without growth. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/fixed-retry';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: ['grpc/wrong-backoff', 'grpc/flapping-reset', 'grpc/backoff-kept'],
};

if (require.main === module)
  startClient({
    options: {
      ...resilient.options,
      'grpc.initial_reconnect_backoff_ms': scaledMs(4_000),
      'grpc.max_reconnect_backoff_ms': scaledMs(4_000),
    },
  });
