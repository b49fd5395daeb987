/** Flaw: never forgets its failures: after the first outage each hiccup costs half a minute. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/backoff-kept';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ stableMs: Number.POSITIVE_INFINITY });
