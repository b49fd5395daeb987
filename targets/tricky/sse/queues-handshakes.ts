/** Tricky: requests take it 40 ms each, one after another, so that a storm lasts for seconds and some give up. Who has left is passed
 * over, and who would have to wait too long is told 503 at once: orderly refusals are answers (CHECKLIST rule 23). */
import type { IncomingMessage } from 'node:http';
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'one request at a time, 503 where the queue is long',
  fine: ['sse/storm-cascade', 'sse/storm-collapse'],
  words: ['--clients', '100'],
};

const LOOKUP_MS = 40;
const LONGEST = 90;
const waiting: { readonly request: IncomingMessage; readonly next: () => void }[] = [];

function lookUp(): void {
  waiting.shift()?.next();
  while (waiting[0]?.request.destroyed) waiting.shift();
  if (waiting.length > 0) setTimeout(lookUp, LOOKUP_MS);
}

function queues(request: IncomingMessage, next: () => void, refuse: () => void): void {
  if (waiting.length >= LONGEST) refuse();
  else if (waiting.push({ request, next }) === 1) setTimeout(lookUp, LOOKUP_MS);
}

if (require.main === module) startServer({ queues });
