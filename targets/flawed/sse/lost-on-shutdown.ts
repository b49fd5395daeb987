/** Flaw: every second stream gets its events 700 ms after the others, and goes without those that are under way when it is ended. */
import { pressing } from '../../feed';
import type { FlawMeta } from '../../program';
import { resilient, type Stream, send } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/lost-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

const LATE_MS = 700;
const late = new WeakSet<Stream>();
let streams = 0;

function welcome(stream: Stream): void {
  streams += 1;
  if (streams % 2 === 0) late.add(stream);
}

function deliver(text: string, to: Iterable<Stream>): void {
  if (pressing) resilient.deliver(text, to);
  else for (const stream of to) setTimeout(send, late.has(stream) ? LATE_MS : 0, stream, text);
}

if (require.main === module) startServer({ welcome, deliver });
