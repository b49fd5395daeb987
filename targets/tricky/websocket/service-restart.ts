/** Tricky: says goodbye with 1012 (service restart, of the IANA registry, not of RFC 6455). */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'says goodbye with 1012, which is not of RFC 6455',
  fine: ['websocket/wrong-close-code'],
};

if (require.main === module) startServer({ goodbye: (socket) => socket.close(1012, 'restarting') });
