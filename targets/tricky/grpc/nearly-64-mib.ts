/** Tricky: takes messages of up to 64 MiB, and answers them; what is larger by a few bytes it refuses. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a limit of exactly 64 MiB',
  fine: ['grpc/unbounded-message'],
  words: ['--method', 'holdfast.feed.v1.Feed/Ask'],
};

const options = { ...resilient.options, 'grpc.max_receive_message_length': 64 * MIB };

if (require.main === module) startServer({ options });
