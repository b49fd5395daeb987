/** Flaw: stops trying after four attempts, as libraries do whose limit of retries is a small number by default. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';
import { resilient } from '../../sse-client-behaviour';

export const trips = 'sse/gives-up';
export const meta: FlawMeta = { role: 'client', trips, implies: ['sse/no-reconnect'] };

if (require.main === module)
  startClient({ leastMs: (failures, why) => (failures < 4 ? resilient.leastMs(failures, why) : null) });
