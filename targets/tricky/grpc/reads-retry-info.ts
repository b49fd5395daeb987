/** Tricky: knows nothing of grpc-retry-pushback-ms, and takes the time to wait from RetryInfo in the status details. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'waits as RetryInfo says, without a look at the pushback',
  fine: ['grpc/ignores-retry-hint'],
};

if (require.main === module)
  startClient({
    askedMs: (ended) => {
      const metadata = ended.metadata.clone();
      metadata.remove('grpc-retry-pushback-ms');
      return resilient.askedMs({ ...ended, metadata });
    },
  });
