/** Flaw: takes an answered handshake for a success, and begins its backoff anew with each one. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/flapping-reset';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ stableMs: 0 });
