/** Tricky: looks every so often at who may stay, so that a stream outlives its token by up to 50 s: less than a minute. */
import { tokenOf } from '../../admission';
import type { TrickyMeta } from '../../program';
import { LOGIN, scaledMs } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ends a stream 50 s after its token',
  fine: ['sse/outlives-token'],
  words: LOGIN,
};

/** The token's 6 s, and the time to the next look. */
const ENDS_MS = 56_000;

if (require.main === module)
  startServer({
    endsWithToken: false,
    welcome: ({ request, response }) => {
      if (tokenOf(request.url ?? '') === 'brief') setTimeout(() => response.end(), scaledMs(ENDS_MS));
    },
  });
