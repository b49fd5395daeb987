/** Tricky: takes 30 s to say goodbye, one stream after another, by nothing but the orderly end of each; refuses newcomers with 503 meanwhile,
 * and ends with 143 as a program that the signal ended, though all was in order. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a drain of 30 s by the orderly end of each stream, 503 meanwhile, exit code 143 after it',
  fine: [
    'sse/abrupt-shutdown',
    'sse/accepts-while-draining',
    'sse/hung-shutdown',
    'sse/herd-on-shutdown',
    'sse/lost-on-shutdown',
  ],
};

if (require.main === module) {
  startServer({ drainMs: 30_000, goodbye: ({ response }) => void response.end() });
  process.once('exit', () => {
    process.exitCode = 143;
  });
}
