/** Flaw: asks again what was not answered, though it may have been carried out. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/non-idempotent-retry';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ asksAgain: true });
