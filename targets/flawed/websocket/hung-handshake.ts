/** Flaw: waits for the answer to its handshake for as long as it takes. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/hung-handshake';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ handshakeTimeoutMs: null });
