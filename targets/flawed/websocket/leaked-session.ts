/** Flaw: pings every 20 s and never asks whether a pong came, so a frozen client is kept for ever. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/leaked-session';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ beat: ({ socket }) => socket.ping() });
