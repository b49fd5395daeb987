/** Flaw: waits for ever for the rest of what a connection begins with. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/slow-handshake';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ handshakeMs: 0 });
