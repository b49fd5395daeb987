/** Flaw: speaks gRPC alone, which no script in a page can. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/browser-boundary';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ speaksToBrowsers: false });
