/** Tricky: decorrelated jitter: each delay is drawn between 1 s and three times the one before, so that a later one may be shorter. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'decorrelated jitter, whose single delays may shrink; 45 s for the head of an answer',
  fine: ['sse/herd-retry', 'sse/eager-backoff', 'sse/gives-up', 'sse/hung-handshake', 'sse/backoff-kept'],
};

const BASE_MS = 1_000;
let previousMs = BASE_MS;

/** What comes on top of the base. */
function jitterMs(failures: number): number {
  if (failures === 0) previousMs = BASE_MS;
  previousMs = Math.min(30_000, BASE_MS + Math.random() * (3 * previousMs - BASE_MS));
  return previousMs - BASE_MS;
}

if (require.main === module) startClient({ leastMs: () => BASE_MS, jitterMs, answerMs: 45_000 });
