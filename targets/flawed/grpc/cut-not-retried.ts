/** Flaw: calls again at UNAVAILABLE alone, as a retry policy is often written. */
import { status } from '@grpc/grpc-js';
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/cut-not-retried';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    delayMs: (failures, ended) => (ended.code === status.UNAVAILABLE ? resilient.delayMs(failures, ended) : null),
  });
