/** Tricky: closes the connection at each message that it cannot read, and comes back for the next one. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'closes at what it cannot read, and comes back',
  fine: ['websocket/bad-message-kills-client'],
};

if (require.main === module) startClient({ misunderstood: (socket) => socket.close(4400, 'not a message of ours') });
