/** Flaw: takes the head of an answer for a success, and begins its backoff anew with each one. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/flapping-reset';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ stableMs: 0 });
