/** Tricky: decorrelated jitter: each delay is drawn between 1 s and three times the one before, so that a later one may be shorter. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'decorrelated jitter, whose single delays may shrink; a handshake timeout of 45 s',
  fine: [
    'websocket/herd-retry',
    'websocket/eager-backoff',
    'websocket/gives-up',
    'websocket/hung-handshake',
    'websocket/backoff-kept',
  ],
};

let previous = 1_000;

/** The next delay is drawn between the base and three times the one before it. */
function delayMs(failures: number): number {
  if (failures === 0) previous = 1_000;
  previous = Math.min(30_000, 1_000 + Math.random() * (Math.max(2, 3 * (previous / 1_000)) - 1) * 1_000);
  return previous;
}

if (require.main === module) startClient({ delayMs, handshakeTimeoutMs: 45_000 });
