/** Tricky: a ticker's display: asks again without a number, does without what it missed, and says so with `--delivery latest`. */
import { startClient } from '../../grpc-client';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'drops what it missed, as a declared ticker may',
  fine: ['grpc/stale-after-reconnect'],
  words: ['--delivery', 'latest'],
};

if (require.main === module) startClient({ resumes: false });
