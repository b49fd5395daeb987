/** Tricky: for 8 s after the stop signal it goes on as before and lets in whoever comes; only grpc.health.v1 says, of its service and not of
 * the whole server, that it leaves. GOAWAY comes after that time. */
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'after the signal its service is NOT_SERVING, and it lets clients in for another 8 s before GOAWAY',
  fine: [
    'grpc/accepts-while-draining',
    'grpc/abrupt-shutdown',
    'grpc/hung-shutdown',
    'grpc/no-goaway',
    'grpc/health-while-draining',
  ],
};

if (require.main === module)
  startServer({
    admitsMs: 8_000,
    leaves: (health) => void health.setStatus('holdfast.feed.v1.Feed', 'NOT_SERVING'),
  });
