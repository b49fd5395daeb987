/** Flaw: knows that a server which ends its calls is being deployed, and comes back exactly 20 s later, as all of its kind do. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { FlawMeta } from '../../program';
import { isSentAway } from '../../retry-info';

export const trips = 'grpc/slow-to-leave';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    leavesMs: () => null,
    delayMs: (failures, ended) => (isSentAway(ended) ? 20_000 : resilient.delayMs(failures, ended)),
  });
