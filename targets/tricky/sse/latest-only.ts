/** Tricky: a ticker's display: comes back without its last id, does without what it missed, and says so with `--delivery latest`. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'drops what it missed, as a declared ticker may',
  fine: ['sse/stale-after-reconnect'],
  words: ['--delivery', 'latest'],
};

if (require.main === module) startClient({ presents: () => '' });
