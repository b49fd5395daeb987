/** Flaw: calls again after exactly 1 s, and its channel connects for that call at once; only what follows is drawn at random. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/herd-retry';
export const meta: FlawMeta = { role: 'client', trips, implies: ['grpc/slow-to-leave'] };

if (require.main === module)
  startClient({ delayMs: (failures, ended) => (failures === 0 ? 1_000 : resilient.delayMs(failures, ended)) });
