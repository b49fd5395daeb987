/** Flaw: says "normal closure" when it is stopped, so that clients take it for the end and stay away. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/wrong-close-code';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ goodbye: (socket) => socket.close(1000, 'bye') });
