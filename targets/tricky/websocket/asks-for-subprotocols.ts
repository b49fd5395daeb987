/** Tricky: offers two subprotocols, and is content with the one that the server picks. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'asks for a subprotocol, and takes the one it is given of those',
  fine: ['websocket/accepts-bad-handshake', 'websocket/bad-message-kills-client'],
};

if (require.main === module) startClient({ subprotocols: ['feed.v2', 'feed.v1'] });
