/** Tricky: gathers what each stream is to get and writes it every 600 ms, each at a time of its own; with the goodbye comes what is
 * gathered. */
import { pressing } from '../../feed';
import type { TrickyMeta } from '../../program';
import { resilient, type Stream, send } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'events in batches, those under way with the goodbye',
  fine: ['sse/lost-on-shutdown'],
};

const BATCH_MS = 600;
const gathered = new Map<Stream, string>();

function deliver(text: string, to: Iterable<Stream>): void {
  if (pressing) resilient.deliver(text, to);
  else for (const stream of to) gather(stream, text);
}

function gather(stream: Stream, text: string): void {
  const batch = gathered.get(stream);
  gathered.set(stream, (batch ?? '') + text);
  if (batch === undefined) setTimeout(flush, BATCH_MS * Math.random(), stream);
}

function flush(stream: Stream): void {
  send(stream, gathered.get(stream) ?? '');
  gathered.delete(stream);
}

if (require.main === module) {
  startServer({
    deliver,
    goodbye: (stream, why) => {
      if (gathered.has(stream)) flush(stream);
      resilient.goodbye(stream, why);
    },
  });
}
