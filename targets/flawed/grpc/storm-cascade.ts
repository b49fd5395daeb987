/** Flaw: looks up each newcomer for 100 ms, one after another, also those who have left meanwhile: once they give up faster
 * than it gets to them, it only ever works for the dead. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/storm-cascade';
export const meta: FlawMeta = { role: 'server', trips, words: ['--clients', '100'] };

const LOOKUP_MS = 100;
const waiting: (() => void)[] = [];

function lookUp(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setTimeout(lookUp, LOOKUP_MS);
}

function queues(next: () => void): void {
  if (waiting.push(next) === 1) setTimeout(lookUp, LOOKUP_MS);
}

if (require.main === module) startServer({ queues });
