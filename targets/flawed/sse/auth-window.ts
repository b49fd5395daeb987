/** Flaw: takes the request first and looks at the token then. */
import { isMember } from '../../admission';
import type { FlawMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/auth-window';
export const meta: FlawMeta = { role: 'server', trips, words: LOGIN };

const NO_TOKEN = 'event: error\ndata: no token\n\n';

if (require.main === module)
  startServer({
    admits: () => true,
    welcome: ({ request, body }) => void (isMember(request) || body.end(NO_TOKEN)),
  });
