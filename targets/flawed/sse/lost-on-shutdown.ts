/** Flaw: gathers for every second stream what it is to get and writes it every 600 ms; what is gathered at the end is forgotten. */
import { pressing } from '../../feed';
import type { FlawMeta } from '../../program';
import { resilient, type Stream, send } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/lost-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

const BATCH_MS = 600;
const gathered = new Map<Stream, string>();
const inBatches = new WeakSet<Stream>();
let streams = 0;

function welcome(stream: Stream): void {
  streams += 1;
  if (streams % 2 === 0) inBatches.add(stream);
}

function deliver(text: string, to: Iterable<Stream>): void {
  if (pressing) resilient.deliver(text, to);
  else for (const stream of to) inBatches.has(stream) ? gather(stream, text) : send(stream, text);
}

function gather(stream: Stream, text: string): void {
  const batch = gathered.get(stream);
  gathered.set(stream, (batch ?? '') + text);
  if (batch === undefined) setTimeout(flush, BATCH_MS, stream);
}

function flush(stream: Stream): void {
  const batch = gathered.get(stream);
  if (batch !== undefined) send(stream, batch);
  gathered.delete(stream);
}

if (require.main === module) startServer({ welcome, deliver });
