/** Tricky: asks again when its answer was cut, with the idempotency key of the first time, and says that it does. */
import { randomUUID } from 'node:crypto';
import { CHAT, report, type TrickyMeta } from '../../program';
import { startClient } from '../../token-client';
import { resilient } from '../../token-client-behaviour';

export const meta: TrickyMeta = {
  role: 'client',
  words: CHAT,
  trick: 'asks again with the same Idempotency-Key',
  fine: ['sse/repeated-post', 'sse/truncated-answer', 'sse/stalled-answer'],
};

let asked = 1;

if (require.main === module) {
  startClient({
    headers: { 'idempotency-key': randomUUID() },
    onCut: (why, again) => {
      if (asked++ > 1) return resilient.onCut(why, again);
      report('retry');
      again();
    },
  });
}
