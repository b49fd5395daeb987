/** Flaw: its first retry comes after exactly 1 s; only the later ones are drawn at random. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';
import { resilient } from '../../sse-client-behaviour';

export const trips = 'sse/herd-retry';
export const meta: FlawMeta = { role: 'client', trips, implies: ['sse/slow-to-leave'] };

if (require.main === module)
  startClient({
    leastMs: (failures, why) => (failures === 0 ? 1_000 : resilient.leastMs(failures, why)),
    jitterMs: (failures, why) => (failures === 0 ? 0 : resilient.jitterMs(failures, why)),
  });
