/** Tricky: resolves its server's name at most every 30 s, as channels do that nobody has set otherwise. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'resolves the name of its server at most every 30 s',
  fine: ['grpc/dns-failure-fatal', 'grpc/stale-address'],
};

if (require.main === module)
  startClient({ options: { ...resilient.options, 'grpc.dns_min_time_between_resolutions_ms': scaledMs(30_000) } });
