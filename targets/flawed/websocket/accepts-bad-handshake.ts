/** Flaw: takes whatever subprotocol the server names, asked for or not. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/accepts-bad-handshake';
export const meta: FlawMeta = { role: 'client', trips };

// Before the library compares it with what was asked for.
if (require.main === module) startClient({ answered: ({ headers }) => delete headers['sec-websocket-protocol'] });
