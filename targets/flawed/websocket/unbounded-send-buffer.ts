/** Flaw: sends what it has, whether or not what it sent before has left. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/unbounded-send-buffer';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ upload: (socket, chunk) => socket.send(chunk) });
