/** Flaw: its channel comes back 250 ms after each failure, and a loop beside it calls as fast; there is no growth in it (CHECKLIST rule 22). */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/hot-retry';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: [
    'grpc/wrong-backoff',
    'grpc/fixed-retry',
    'grpc/no-jitter',
    'grpc/herd-retry',
    'grpc/eager-backoff',
    'grpc/flapping-reset',
    'grpc/backoff-kept',
    'grpc/ignores-retry-hint',
  ],
};

if (require.main === module)
  startClient({
    options: {
      ...resilient.options,
      'grpc.initial_reconnect_backoff_ms': scaledMs(250),
      'grpc.max_reconnect_backoff_ms': scaledMs(250),
    },
    delayMs: () => 250,
    askedMs: () => 0,
  });
