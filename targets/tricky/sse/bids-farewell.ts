/** Tricky: has no chunks, so that its streams last until the connection ends and their end says nothing; before it cuts them it says so in
 * an event. All are cut at once: but each was given a time of its own to come back when it came. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick:
    'a goodbye by a named event, then a bare end of a body without chunks, all at once; a `retry:` for each when it came',
  fine: ['sse/abrupt-shutdown', 'sse/hung-shutdown', 'sse/herd-on-shutdown'],
};

if (require.main === module) {
  startServer({
    chunked: false,
    drainMs: 0,
    goodbye: ({ response }) => {
      response.write('event: server-closing\ndata: {}\n\n', () => response.destroy());
    },
  });
}
