/** Tricky: takes whatever is not UNAVAILABLE for a mistake that somebody must mend, and calls again only after half a minute. */
import { status } from '@grpc/grpc-js';
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'calls again only half a minute after any status but UNAVAILABLE',
  fine: ['grpc/proxy-not-http2'],
};

if (require.main === module)
  startClient({
    delayMs: (failures, ended) => (ended.code === status.UNAVAILABLE ? resilient.delayMs(failures, ended) : 30_000),
  });
