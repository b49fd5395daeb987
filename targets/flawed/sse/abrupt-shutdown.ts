/** Flaw: on the stop signal it drops its streams, one after another over the drain, in the middle of a chunked body. */
import type { FlawMeta } from '../../program';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/abrupt-shutdown';
export const meta: FlawMeta = { role: 'server', trips, implies: ['sse/lost-on-shutdown'] };

if (require.main === module)
  startServer({
    goodbye: (stream, why) => (why === 'shutdown' ? stream.response.destroy() : resilient.goodbye(stream, why)),
  });
