/** Tricky: takes the handshake of a foreign page, since browsers show no HTTP status, and closes with 1008 before any message. */

import { isForeign } from '../../admission';
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'takes a foreign page and closes at once with 1008',
  fine: ['websocket/cross-origin'],
};

if (require.main === module)
  startServer({
    checksOrigin: false,
    welcome: ({ socket }, request) => isForeign(request) && socket.close(1008, 'not from there'),
  });
