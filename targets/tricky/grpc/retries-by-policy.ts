/** Tricky: sends its questions again, by the retry policy that its service has; the channel says so in grpc-previous-rpc-attempts. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'questions that are sent again, by a retry policy',
  fine: ['grpc/non-idempotent-retry'],
};

const config = {
  methodConfig: [
    {
      name: [{ service: 'holdfast.feed.v1.Feed', method: 'Ask' }],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.5s',
        maxBackoff: '2s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
};

if (require.main === module)
  startClient({ options: { ...resilient.options, 'grpc.service_config': JSON.stringify(config) } });
