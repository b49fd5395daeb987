/** Tricky: leaves at the finish_reason, after which no token comes, and never waits for [DONE]. */
import { CHAT, type TrickyMeta } from '../../program';
import { startClient } from '../../token-client';

export const meta: TrickyMeta = {
  role: 'client',
  words: CHAT,
  trick: 'takes a finish_reason for the end of the answer',
  fine: ['sse/truncated-answer', 'sse/stalled-answer', 'sse/repeated-post'],
};

if (require.main === module) startClient({ isFinal: (data) => /"finish_reason":"/.test(data) });
