/** Tricky: takes an answer that a proxy has ended in its middle for serious, and calls again only after half a minute. */
import { status } from '@grpc/grpc-js';
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'calls again only half a minute after INTERNAL',
  fine: ['grpc/cut-not-retried'],
};

if (require.main === module)
  startClient({
    delayMs: (failures, ended) => (ended.code === status.INTERNAL ? 30_000 : resilient.delayMs(failures, ended)),
  });
