/** Flaw: handles each event in a task of its own, of up to 150 ms: a later one may be done before an earlier one. */
import { Inbox } from '../../inbox';
import { type FlawMeta, report } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/reordering';
export const meta: FlawMeta = { role: 'client', trips };

// Only where several come at once, as a replay does: live events lie farther apart than that.
const tell = (id: number | string) => setTimeout(report, Math.random() * 150, 'message', { id });

if (require.main === module) startClient({ inbox: new Inbox({ tell }) });
