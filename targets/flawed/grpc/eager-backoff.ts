/** Flaw: waits 8 s and more before it calls again for the first time; the rest is as it must be. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/eager-backoff';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({ delayMs: (failures) => Math.min(30_000, 8_000 * 1.4 ** failures) * (0.8 + 0.4 * Math.random()) });
