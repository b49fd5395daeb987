/**
 * Flaw: one loop writes to all, and waits until each stream has taken what it got before it writes to the next: whoever reads slowly
 * holds up everyone. A round waits 500 ms at most and then leaves out who has not; of what comes meanwhile it keeps the newest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../feed-service';
import { type Stream, send } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/slow-neighbour';
export const meta: FlawMeta = { role: 'server', trips };

const ROUND_MS = 500;
const KEPT = 4;
type Job = { readonly message: Message; readonly to: ReadonlySet<Stream> };
let waiting: Job[] = [];
let busy = false;

function deliver(message: Message, to: Iterable<Stream>): void {
  waiting.push({ message, to: new Set(to) });
  if (waiting.length > KEPT) waiting.shift();
  if (!busy) void sendAll();
}

async function sendAll(): Promise<void> {
  busy = true;
  while (waiting.length > 0) {
    const round = waiting;
    waiting = [];
    const deadline = performance.now() + ROUND_MS;
    for (const stream of new Set(round.flatMap(({ to }) => [...to]))) {
      while (stream.backlogBytes > 0 && performance.now() < deadline) await sleep(5);
      if (stream.backlogBytes > 0) continue;
      for (const { message, to } of round) if (to.has(stream)) send(stream, message);
    }
  }
  busy = false;
}

if (require.main === module) startServer({ deliver });
