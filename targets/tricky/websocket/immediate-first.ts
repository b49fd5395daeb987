/** Tricky: tries once at once, and backs off only after that: a single hiccup is over before anybody notices. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';
import { resilient } from '../../websocket-client-behaviour';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'an immediate first retry, then the backoff',
  fine: [
    'websocket/hot-retry',
    'websocket/fixed-retry',
    'websocket/no-jitter',
    'websocket/eager-backoff',
    'websocket/backoff-kept',
    'websocket/flapping-reset',
  ],
  // Its fleet comes as a herd, and herd-retry says so (CHECKLIST rule 6).
  words: ['--skip', 'websocket/herd-retry'],
};

if (require.main === module)
  startClient({ delayMs: (failures, why) => (failures === 0 ? 0 : resilient.delayMs(failures - 1, why)) });
