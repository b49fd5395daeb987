/** Flaw: waits for ever for the rest of a request. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/slow-handshake';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ handshakeMs: 0 });
