/** Flaw: takes any certificate, as what was once needed for a test server. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/accepts-bad-certificate';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ connection: () => ({ rejectUnauthorized: false }) });
