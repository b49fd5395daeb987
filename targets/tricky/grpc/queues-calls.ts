/** Tricky: calls take it 40 ms each, one after another, so that a storm lasts for seconds. Who would have to wait too long is told UNAVAILABLE
 * at once: orderly refusals are answers (CHECKLIST rule 23). */
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'one call at a time, UNAVAILABLE where the queue is long',
  fine: ['grpc/storm-cascade', 'grpc/storm-collapse'],
  words: ['--clients', '100'],
};

const LOOKUP_MS = 40;
const LONGEST = 50;
const waiting: (() => void)[] = [];

function lookUp(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setTimeout(lookUp, LOOKUP_MS);
}

function queues(next: () => void, refuse: () => void): void {
  if (waiting.length >= LONGEST) refuse();
  else if (waiting.push(next) === 1) setTimeout(lookUp, LOOKUP_MS);
}

if (require.main === module) startServer({ queues });
