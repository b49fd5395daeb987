/** Flaw: leaves in order, and says SERVING to whoever asks for its health until it is gone. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/health-while-draining';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ leaves: () => {} });
