/** Tricky: three channels that share nothing: each backs off as it must, and what comes from the process is three times as much. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { Inbox } from '../../inbox';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'three channels of one process, whose attempts are three curves in one another',
  fine: ['grpc/hot-retry', 'grpc/wrong-backoff', 'grpc/no-jitter', 'grpc/gives-up'],
};

if (require.main === module)
  for (const _ of [1, 2, 3])
    startClient({ options: { ...resilient.options, 'grpc.use_local_subchannel_pool': 1 }, inbox: new Inbox() });
