/** Tricky: calls again at once after a first end, and backs off only after that: a single hiccup is over before anybody notices. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'an immediate first call again, and a channel whose backoff then begins',
  fine: [
    'grpc/hot-retry',
    'grpc/fixed-retry',
    'grpc/wrong-backoff',
    'grpc/no-jitter',
    'grpc/eager-backoff',
    'grpc/backoff-kept',
    'grpc/flapping-reset',
  ],
  // Its fleet comes as a herd, and herd-retry says so (CHECKLIST rule 6).
  words: ['--skip', 'grpc/herd-retry'],
};

if (require.main === module)
  startClient({ delayMs: (failures, ended) => (failures === 0 ? 0 : resilient.delayMs(failures - 1, ended)) });
