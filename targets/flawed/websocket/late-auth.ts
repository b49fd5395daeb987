/** Flaw: never asks /members for a token. */
import type { FlawMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/late-auth';
export const meta: FlawMeta = { role: 'server', trips, words: LOGIN };

if (require.main === module) startServer({ admits: () => true });
