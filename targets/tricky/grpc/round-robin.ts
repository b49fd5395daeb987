/** Tricky: spreads its calls; its channel connects by itself to the next copy of the server while it still is in a call of the one that goes. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'round_robin: a new connection at GOAWAY, without a call',
  fine: ['grpc/slow-to-leave'],
  system: true,
};

const config = { loadBalancingConfig: [{ round_robin: {} }] };

if (require.main === module)
  startClient({ options: { ...resilient.options, 'grpc.service_config': JSON.stringify(config) } });
