/** Flaw: handles each message in a task of its own, of up to 150 ms: a later one may be done before an earlier one. */
import { startClient } from '../../grpc-client';
import { Inbox } from '../../inbox';
import { type FlawMeta, report } from '../../program';

export const trips = 'grpc/reordering';
export const meta: FlawMeta = { role: 'client', trips };

// Only where several come at once, as a replay does: live messages lie farther apart than that.
const tell = (id: number | string) => setTimeout(report, Math.random() * 150, 'message', { id });

if (require.main === module) startClient({ inbox: new Inbox({ tell }) });
