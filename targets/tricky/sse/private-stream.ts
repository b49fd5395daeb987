/** Tricky: `private`, which forbids every cache but the client's own, and EventSource asks that one for nothing; no `no-cache`. */
import type { TrickyMeta } from '../../program';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'Cache-Control: private, without no-cache or no-store',
  fine: ['sse/cacheable-stream'],
};

const headers = { ...resilient.headers, 'cache-control': 'No-Transform , PRIVATE' };

if (require.main === module) startServer({ headers });
