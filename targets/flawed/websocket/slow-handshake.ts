/** Flaw: waits for ever for the rest of a handshake. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/slow-handshake';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ handshakeMs: 0 });
