/** Flaw: on the stop signal it drops its connections, one after another over the drain, without a close frame. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/abrupt-shutdown';
export const meta: FlawMeta = {
  role: 'server',
  trips,
  implies: ['websocket/wrong-close-code', 'websocket/lost-on-shutdown'],
};

if (require.main === module) startServer({ goodbye: (socket) => socket.terminate() });
