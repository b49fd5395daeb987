/**
 * Flaw: one loop writes to all, and waits for each stream to drain before it writes to the next: whoever reads slowly holds up
 * everyone. A round waits 500 ms at most and then leaves out who has not drained; of what comes meanwhile it keeps the newest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlawMeta } from '../../program';
import { type Stream, send } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/slow-neighbour';
export const meta: FlawMeta = { role: 'server', trips };

const ROUND_MS = 500;
const KEPT = 4;
type Job = { readonly text: string; readonly to: ReadonlySet<Stream> };
let waiting: Job[] = [];
let busy = false;

function deliver(text: string, to: Iterable<Stream>): void {
  waiting.push({ text, to: new Set(to) });
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
      const { response } = stream;
      while (response.writableLength > 0 && performance.now() < deadline) await sleep(5);
      if (response.writableLength > 0) continue;
      for (const { text, to } of round) if (to.has(stream)) send(stream, text);
    }
  }
  busy = false;
}

if (require.main === module) startServer({ deliver });
