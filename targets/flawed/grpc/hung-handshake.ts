/** Flaw: waits for the first bytes of a server for as long as it takes, as grpc-js does. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/hung-handshake';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ connectMs: null });
