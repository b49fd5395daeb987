/** Flaw: takes 204 for an answer like any other that is no stream, and comes back. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/ignores-204';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ stops: () => false });
