/** Flaw: ends TCP as soon as a client says goodbye, without a close frame of its own. */
import { WebSocket } from 'ws';
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/no-close-handshake';
export const meta: FlawMeta = { role: 'server', trips, implies: ['websocket/wrong-close-code'] };

/** By the library's own method: the one that is changed answers close frames. */
const goodbye = (socket: WebSocket) => WebSocket.prototype.close.call(socket, 1001, 'going away');

if (require.main === module) startServer({ answersClose: false, goodbye });
