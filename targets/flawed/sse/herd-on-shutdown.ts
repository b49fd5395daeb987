/** Flaw: says goodbye to all its streams in the same instant, and gave none of them a time of its own to come back. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/herd-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips, implies: ['sse/lockstep-retry'] };

if (require.main === module)
  startServer({
    drainMs: 0,
    retryMs: () => 3_000,
    goodbye: ({ response }) => void response.end('event: goodbye\ndata: {"event":"goodbye"}\n\n'),
  });
