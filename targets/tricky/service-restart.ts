/** Tricky: says goodbye with 1012 (service restart, of the IANA registry, not of RFC 6455), and takes pages of its own host. */
import type { TrickyMeta } from '../program';
import { startServer } from '../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'says goodbye with 1012, and takes pages of its own host',
  fine: ['websocket/wrong-close-code', 'websocket/no-close-handshake', 'websocket/cross-origin'],
};

if (require.main === module) startServer({ goodbye: (socket) => socket.close(1012, 'restarting') });
