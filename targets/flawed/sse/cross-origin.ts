/** Flaw: lets a page of any host read the stream with the cookies of whoever is looking. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/cross-origin';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module)
  startServer({
    cors: ({ headers }) => ({
      vary: 'Origin',
      ...(headers.origin === undefined ? {} : { 'access-control-allow-origin': headers.origin }),
      'access-control-allow-credentials': 'true',
    }),
  });
