/** Tricky: tries once at once where nobody asks it to wait, and backs off only after that: a single hiccup is over before anybody notices. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';
import { resilient } from '../../sse-client-behaviour';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'an immediate first retry, then the backoff',
  fine: ['sse/hot-retry', 'sse/fixed-retry', 'sse/no-jitter', 'sse/eager-backoff', 'sse/backoff-kept'],
  // Its fleet comes as a herd, and herd-retry says so (CHECKLIST rule 6).
  words: ['--skip', 'sse/herd-retry'],
};

if (require.main === module) {
  startClient({
    leastMs: (failures, why) => (failures === 0 ? 0 : resilient.leastMs(failures - 1, why)),
    jitterMs: (failures, why) => (failures === 0 ? 0 : resilient.jitterMs(failures - 1, why)),
  });
}
