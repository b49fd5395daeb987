/** Flaw: takes any certificate, as what was once needed for a test server. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/accepts-bad-certificate';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ verify: { rejectUnauthorized: false } });
