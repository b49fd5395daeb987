/** Flaw: backs off at UNAVAILABLE only; at any other status it calls again almost at once. */
import { status } from '@grpc/grpc-js';
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/proxy-not-http2';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    delayMs: (failures, ended) => (ended.code === status.UNAVAILABLE ? resilient.delayMs(failures, ended) : 200),
  });
