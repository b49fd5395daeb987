/** Flaw: none in the program; it is reached by grpc:// from another machine. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/insecure-transport';
export const meta: FlawMeta = { role: 'server', trips, words: ['--i-own-this-target'], at: 'grpc' };

if (require.main === module) startServer();
