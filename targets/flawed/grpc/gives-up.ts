/** Flaw: does not wait for a connection, and stops after four failures, as a retry policy does. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/gives-up';
export const meta: FlawMeta = { role: 'client', trips, implies: ['grpc/no-reconnect', 'grpc/dns-failure-fatal'] };

if (require.main === module)
  startClient({
    waitsForReady: false,
    delayMs: (failures, ended) => (failures < 4 ? resilient.delayMs(failures, ended) : null),
  });
