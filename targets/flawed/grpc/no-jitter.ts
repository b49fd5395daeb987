/** Flaw: nothing is drawn at random, not even by its channel: a herd stays a herd. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-jitter';
export const meta: FlawMeta = {
  role: 'client',
  trips,
  implies: ['grpc/herd-retry', 'grpc/wrong-backoff', 'grpc/slow-to-leave'],
};

Math.random = () => 0.5;

if (require.main === module) startClient();
