/** Flaw: never forgets its failures: after the first outage each hiccup costs half a minute. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/backoff-kept';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ stableMs: Number.POSITIVE_INFINITY });
