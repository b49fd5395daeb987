/** Tricky: shows strangers the page to log in, with status 200: no stream, and nothing of it. */
import type { TrickyMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'answers strangers with a page to log in',
  fine: ['sse/late-auth', 'sse/auth-window'],
  words: LOGIN,
};

if (require.main === module) startServer({ refusal: () => [200, { 'content-type': 'text/html' }] });
