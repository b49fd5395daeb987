/** Flaw: takes what has come of an event when the stream ends for all of it. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/partial-event';
export const meta: FlawMeta = { role: 'client', trips, implies: ['sse/stale-last-event-id'] };

if (require.main === module) startClient({ takesHalves: true });
