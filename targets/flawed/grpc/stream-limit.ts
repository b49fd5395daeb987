/** Flaw: serves 20 streams at a time, as a pool of threads does; who comes later waits for a free one, without a word. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/stream-limit';
export const meta: FlawMeta = { role: 'server', trips };

const THREADS = 20;
let taken = 0;
const waiting: (() => void)[] = [];

function queues(next: () => void): void {
  if (taken === THREADS) return void waiting.push(next);
  taken += 1;
  next();
}

function left(forget: () => void): void {
  forget();
  taken -= 1;
  const next = waiting.shift();
  if (next) queues(next);
}

if (require.main === module) startServer({ queues, left });
