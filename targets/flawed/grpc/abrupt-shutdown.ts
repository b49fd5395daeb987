/** Flaw: leaves at the stop signal without a word: its connections end bare, by what the kernel sends for a process that is gone. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/abrupt-shutdown';
export const meta: FlawMeta = {
  role: 'server',
  trips,
  implies: ['grpc/no-goaway', 'grpc/health-while-draining', 'grpc/herd-on-shutdown'],
};

if (require.main === module) {
  process.once('SIGTERM', () => process.exit(0));
  startServer();
}
