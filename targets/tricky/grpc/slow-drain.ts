/** Tricky: says GOAWAY to all at once, and then takes 30 s to end the calls in flight, one after another, with OK and not with UNAVAILABLE.
 * It ends with 143 as a program that the signal ended, though all was in order. */
import { Metadata, status } from '@grpc/grpc-js';
import { end } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'GOAWAY to all in one instant, their calls ended with OK over 30 s, exit code 143 after it',
  fine: [
    'grpc/abrupt-shutdown',
    'grpc/accepts-while-draining',
    'grpc/hung-shutdown',
    'grpc/herd-on-shutdown',
    'grpc/lost-on-shutdown',
    'grpc/no-goaway',
    'grpc/health-while-draining',
  ],
};

const done = { code: status.OK, details: '', metadata: new Metadata() };

if (require.main === module) {
  startServer({ drainMs: 30_000, patienceMs: 45_000, goodbye: (stream) => end(stream, done) });
  process.once('exit', () => {
    process.exitCode = 143;
  });
}
