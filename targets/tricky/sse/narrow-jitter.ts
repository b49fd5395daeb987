/** Tricky: a jitter of no more than +-15 %, and a cap of 60 s: by their k-th delay its processes look much alike. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'jitter of +-15 %, a cap of 60 s',
  fine: ['sse/no-jitter', 'sse/herd-retry', 'sse/hot-retry', 'sse/gives-up', 'sse/backoff-kept'],
};

const middleMs = (failures: number) => Math.min(60_000, 4_000 * 2 ** failures);

if (require.main === module)
  startClient({
    leastMs: (failures) => 0.85 * middleMs(failures),
    jitterMs: (failures) => 0.3 * middleMs(failures) * Math.random(),
  });
