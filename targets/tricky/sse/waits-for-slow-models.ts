/** Tricky: a stream that is silent for less than a minute is a slow model to it, and one that beats may be so for ever. */
import { CHAT, type TrickyMeta } from '../../program';
import { startClient } from '../../token-client';

export const meta: TrickyMeta = {
  role: 'client',
  words: CHAT,
  trick: 'gives up after 60 s of nothing, counted from the last comment',
  fine: ['sse/stalled-answer', 'sse/truncated-answer', 'sse/repeated-post'],
};

if (require.main === module) startClient({ silenceMs: 60_000 });
