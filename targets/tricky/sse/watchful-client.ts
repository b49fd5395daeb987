/** Tricky: takes a link for dead after 8 s of silence: soon, and yet longer than a spike. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'takes a link for dead after 8 s of silence',
  fine: ['sse/drops-on-spike', 'sse/silent-disconnect'],
};

if (require.main === module) startClient({ silenceMs: 8_000 });
