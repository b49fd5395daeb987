/** Tricky: decorrelated jitter: each delay is drawn between 3 s and three times the one before, so that a later one may be shorter. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'decorrelated jitter, whose single delays may shrink; 45 s for the head of an answer',
  fine: ['sse/herd-retry', 'sse/eager-backoff', 'sse/gives-up', 'sse/hung-handshake', 'sse/backoff-kept'],
};

const BASE_MS = 3_000;
let previous = BASE_MS;

/** Two times what a client of the same habit would wait at least, drawn anew, and no more than 30 s in all. */
function jitterMs(failures: number): number {
  if (failures === 0) previous = 1_500;
  previous = Math.min(30_000, BASE_MS + Math.random() * Math.max(1_500, 3 * previous - BASE_MS));
  return previous - BASE_MS;
}

if (require.main === module) startClient({ leastMs: () => BASE_MS, jitterMs, answerMs: 45_000 });
