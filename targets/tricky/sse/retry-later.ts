/** Tricky: sends all away in one instant, with a time of its own for each in the goodbye; lets who opens too many streams in, to say so in
 * an event, since an EventSource never sees what stands in a 429. */
import type { TrickyMeta } from '../../program';
import { between, type Stream } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'all sent away at once, each with a `retry:` of its own in the goodbye; a limit told by an event',
  fine: ['sse/herd-on-shutdown', 'sse/abrupt-shutdown', 'sse/no-connection-limit'],
};

let open = 0;

function welcome({ response }: Stream): void {
  open += 1;
  response.once('close', () => {
    open -= 1;
  });
  if (open > 400) response.end('event: error\ndata: {"code":"too_many_streams"}\n\n');
}

if (require.main === module) {
  startServer({
    drainMs: 0,
    retryMs: () => null,
    goodbye: ({ response }) => void response.end(`retry: ${between(1_000, 30_000)}\ndata: {"event":"goodbye"}\n\n`),
    sessionLimit: Number.POSITIVE_INFINITY,
    welcome,
  });
}
