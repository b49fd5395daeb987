/** Flaw: none in the program; it is reached by ws:// from another machine. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/insecure-transport';
export const meta: FlawMeta = { role: 'server', trips, at: 'ws', words: ['--i-own-this-target'] };

if (require.main === module) startServer();
