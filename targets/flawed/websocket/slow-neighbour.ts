/**
 * Flaw: one loop sends to all, and waits for each socket to drain before it sends to the next: whoever reads slowly holds up
 * everyone. A round waits 500 ms at most and then leaves out who has not drained, so that memory stays bounded and the
 * feed, in batches, keeps its rate.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { FlawMeta } from '../../program';
import { send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/slow-neighbour';
export const meta: FlawMeta = { role: 'server', trips };

const ROUND_MS = 500;
type Job = { readonly text: string; readonly to: ReadonlySet<WebSocket> };
let waiting: Job[] = [];
let busy = false;

function deliver(text: string, to: Iterable<WebSocket>): void {
  waiting.push({ text, to: new Set(to) });
  if (waiting.length > 200) waiting.shift();
  if (!busy) void sendAll();
}

async function sendAll(): Promise<void> {
  busy = true;
  while (waiting.length > 0) {
    const round = waiting;
    waiting = [];
    const deadline = performance.now() + ROUND_MS;
    for (const socket of new Set(round.flatMap(({ to }) => [...to]))) {
      while (socket.bufferedAmount > 0 && performance.now() < deadline) await sleep(5);
      if (socket.bufferedAmount > 0) continue;
      for (const { text, to } of round) if (to.has(socket)) send(socket, text);
    }
  }
  busy = false;
}

if (require.main === module) startServer({ deliver });
