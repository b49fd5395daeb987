/** Flaw: takes 401 and 403 for a failure like any other, and tries again with the same credential. */
import type { FlawMeta } from '../program';
import { startClient } from '../websocket-client';
import { retryAfterMs } from '../websocket-client-behaviour';

export const trips = 'websocket/retries-forbidden';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ askedMs: (_status, retryAfter) => retryAfterMs(retryAfter) });
