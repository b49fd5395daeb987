/** Flaw: none in the program; it is reached by http:// from another machine. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/insecure-transport';
export const meta: FlawMeta = { role: 'server', trips, words: ['--i-own-this-target'], at: 'http' };

if (require.main === module) startServer();
