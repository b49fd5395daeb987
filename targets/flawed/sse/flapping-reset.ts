/** Flaw: takes the head of an answer for a success, and begins its backoff anew with each one. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/flapping-reset';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ stableMs: 0 });
