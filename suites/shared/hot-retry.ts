import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { peakIn } from '../../harness/numbers.js';
import { outageOf } from '../../harness/outage.js';
import { outageStory, unready } from './outage-evidence.js';

const WINDOW_MS = 10_000;

export default defineCheck({
  id: 'hot-retry',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Keep one channel and let it wait: it backs off from 1 s. A loop that dials anew, or a library without a backoff (connect, grpclib, tonic), must wait at least a second or so after the first failed attempt, longer after each further one.',
    },
  },
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'MUST make at most 10 attempts in any 10 s while it is refused',
  why: 'A client that retries at once turns an outage into an attack on its own server, and empties the battery of every phone.',
  fix: 'Wait at least a second or so after the first failed attempt, longer after each further one.',
  source: 'CHECKLIST; attempts are bursts (rule 2), each client process counted for itself',
  measured: { maxAttemptsPer10s: 'attempts' },
  expect: { maxAttempts: 10 },
  decidedBy: [['maxAttemptsPer10s', 'maxAttempts']],
  controls: { none: 'fail', fixed: 'pass', exponential: 'pass', 'full-jitter': 'pass', decorrelated: 'pass' },
  judge(history, { expect, options, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const peaks = outage.attempts.map((list) =>
      peakIn(
        list.map(({ startAt }) => startAt),
        WINDOW_MS * options.scale,
      ),
    );
    const peak = Math.max(...peaks);
    const at = peaks.indexOf(peak);
    const worst = outage.attempts[at] ?? [];
    // A pool of channels backs off channel by channel [connection-backoff.md].
    const channels = target.protocol === 'grpc' ? Math.max(1, outage.channels[at] ?? 1) : 1;
    const pool = channels > 1 ? `, which had ${channels} connections` : '';
    const measured = { maxAttemptsPer10s: peak };
    const because = worst.slice(0, 12).map(({ first }) => first);
    if (peak > channels * (expect.maxAttempts ?? 10))
      return fail(`${peak} attempts of one process in 10 s${pool}`, { measured, because });
    return pass(`at most ${peak} attempts of one process in 10 s${pool}`, { measured, because: because.slice(0, 3) });
  },
  examples: {
    pass: outageStory([1000, 2000, 4000, 8000], 0.2),
    fail: outageStory(
      Array.from({ length: 30 }, () => 300),
      0.2,
    ),
  },
});
