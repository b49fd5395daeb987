/** Flaw: takes the orderly end of its stream for no failure, and comes back exactly 20 s later, as all do that were sent away with it. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';
import { resilient } from '../../sse-client-behaviour';

export const trips = 'sse/slow-to-leave';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    leastMs: (failures, why) => (why.whole ? 20_000 : resilient.leastMs(failures, why)),
    jitterMs: (failures, why) => (why.whole ? 0 : resilient.jitterMs(failures, why)),
  });
