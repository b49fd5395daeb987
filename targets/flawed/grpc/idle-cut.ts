/** Flaw: sends PINGs and nothing else on a quiet stream: the proxy answers them, and HAProxy cuts the stream all the same. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/idle-cut';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ beat: () => {} });
