/**
 * Flaw: takes messages far beyond the 64 MiB that the check allows. Its 256 MiB are a fuse: a bomb of 1 GiB must not take
 * down the machine that runs this.
 */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { MIB } from '../../limits';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/unbounded-message';
export const meta: FlawMeta = { role: 'server', trips, words: ['--method', 'holdfast.feed.v1.Feed/Ask'] };

const options = { ...resilient.options, 'grpc.max_receive_message_length': 256 * MIB };

if (require.main === module) startServer({ options });
