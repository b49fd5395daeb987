/** Tricky: takes a link for dead that was silent for 8 s: soon, and yet longer than a spike. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'takes a link for dead after 8 s of silence',
  fine: ['websocket/drops-on-spike', 'websocket/silent-disconnect'],
};

if (require.main === module) startClient({ silenceMs: 8_000 });
