/** Tricky: asks again when its answer was cut, with the idempotency key of the first time, and says that it does. */
import { randomUUID } from 'node:crypto';
import { report, type TrickyMeta } from '../../program';
import { resilient, startClient } from '../../token-client';

export const meta: TrickyMeta = {
  role: 'client',
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
