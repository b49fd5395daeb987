/** Tricky: has nothing there for who brings no token, and sends who brings a wrong one to the login page; no 401 anywhere. */

import { tokenOf } from '../../admission';
import type { TrickyMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: '404 for no token, and a redirect to the login for a wrong one',
  fine: ['websocket/late-auth', 'websocket/auth-window'],
  words: LOGIN,
};

if (require.main === module)
  startServer({
    refusal: ({ url = '' }) => (tokenOf(url) === 'none' ? '404 Not Found' : '302 Found\r\nLocation: /login'),
  });
