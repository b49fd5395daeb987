/** Flaw: takes the handshake first and looks at the token then. */

import { isMember } from '../../admission';
import type { FlawMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/auth-window';
export const meta: FlawMeta = { role: 'server', trips, words: LOGIN };

if (require.main === module)
  startServer({
    admits: () => true,
    welcome: ({ socket }, request) => !isMember(request) && socket.close(4401, 'no token'),
  });
