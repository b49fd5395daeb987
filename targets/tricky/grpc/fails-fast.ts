/** Tricky: does not wait for a connection, and calls again every second or so, for ever; its channel backs off as it must, whoever calls. */
import { startClient } from '../../grpc-client';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick:
    'calls that fail at once, every second or so, over a channel that backs off; 45 s for the first bytes of a server',
  fine: [
    'grpc/no-reconnect',
    'grpc/hung-handshake',
    'grpc/hot-retry',
    'grpc/fixed-retry',
    'grpc/wrong-backoff',
    'grpc/no-jitter',
    'grpc/herd-retry',
    'grpc/eager-backoff',
    'grpc/gives-up',
    'grpc/backoff-kept',
  ],
};

if (require.main === module)
  startClient({ waitsForReady: false, delayMs: () => 700 + 1_300 * Math.random(), connectMs: 45_000 });
