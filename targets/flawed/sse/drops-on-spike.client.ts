/** Flaw: takes a link for dead that was silent for 3 s. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/drops-on-spike';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ silenceMs: 3_000 });
