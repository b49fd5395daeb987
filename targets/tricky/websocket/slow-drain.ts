/**
 * Tricky: takes 30 s to say goodbye, one session after another, with a code of its own; refuses newcomers with 503 meanwhile, and
 * ends with 143 as a program that the signal ended, though all was in order.
 */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a drain of 30 s with 503 meanwhile, close code 4001, exit code 143 after it',
  fine: [
    'abrupt-shutdown',
    'accepts-while-draining',
    'hung-shutdown',
    'herd-on-shutdown',
    'lost-on-shutdown',
    'wrong-close-code',
  ].map((id) => `websocket/${id}`),
};

if (require.main === module) {
  startServer({ drainMs: 30_000, goodbye: (socket) => socket.close(4001, 'this node leaves') });
  process.once('exit', () => {
    process.exitCode = 143;
  });
}
