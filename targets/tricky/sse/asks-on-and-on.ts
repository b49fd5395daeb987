/** Tricky: a chat that stays: reports each answer, and after one that was cut goes on with its next question. */
import { CHAT, report, scaledMs, type TrickyMeta } from '../../program';
import { startClient } from '../../token-client';

export const meta: TrickyMeta = {
  role: 'client',
  words: CHAT,
  trick: 'stays, and asks one question after another',
  fine: ['sse/truncated-answer', 'sse/stalled-answer', 'sse/repeated-post'],
};

let asked = 0;
const later = (again: () => void) => void setTimeout(again, scaledMs(5_000));

if (require.main === module) {
  startClient({
    question: () => `Question ${asked++}: what is a heartbeat for?`,
    onToken: () => {},
    onWhole: (again) => {
      report('done');
      later(again);
    },
    onCut: (why, again) => {
      report('error', { data: why });
      later(again);
    },
  });
}
