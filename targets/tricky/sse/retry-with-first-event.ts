/** Tricky: tells each its time to come back in the first event, and lets any page read what comes without cookies: a browser refuses `*` to one that sends them. */
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';
import { between, deliverWithin, type Stream } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'tells its retry with the first event, and allows any page that sends no cookies',
  fine: ['sse/lockstep-retry', 'sse/cross-origin'],
};

const told = new WeakSet<Stream>();
const deliver = deliverWithin(MIB);

function deliverWithRetry(text: string, to: Iterable<Stream>): void {
  for (const stream of to) {
    deliver(told.has(stream) ? text : `retry: ${between(2_000, 4_000)}\n${text}`, [stream]);
    told.add(stream);
  }
}

if (require.main === module)
  startServer({
    retryMs: () => null,
    deliver: deliverWithRetry,
    cors: () => ({ 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }),
  });
