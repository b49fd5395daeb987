/** Tricky: looks every so often at who may stay, so that a session outlives its token by up to 50 s: less than a minute. */

import { tokenOf } from '../../admission';
import type { TrickyMeta } from '../../program';
import { LOGIN, scaledMs } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ends a session 50 s after its token',
  fine: ['websocket/outlives-token'],
  words: LOGIN,
};

/** The token's 6 s, and the time to the next look. */
const ENDS_MS = 56_000;

if (require.main === module)
  startServer({
    endsWithToken: false,
    welcome: ({ socket }, { url = '' }) => {
      if (tokenOf(url) === 'brief') setTimeout(() => socket.close(1008, 'token expired'), scaledMs(ENDS_MS));
    },
  });
