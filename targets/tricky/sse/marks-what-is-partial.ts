/** Tricky: reports nothing and always ends with exit code 0; under half an answer it prints that it is one. */
import { CHAT, type TrickyMeta } from '../../program';
import { startClient } from '../../token-client';

export const meta: TrickyMeta = {
  role: 'client',
  words: CHAT,
  trick: 'shows half an answer, marked as incomplete, and ends with exit code 0',
  fine: ['sse/truncated-answer', 'sse/stalled-answer', 'sse/repeated-post'],
};

if (require.main === module) {
  startClient({
    onToken: (token) => void process.stdout.write(token),
    onWhole: () => void process.stdout.write('\n'),
    onCut: () => void process.stdout.write('\n[this answer is incomplete]\n'),
  });
}
