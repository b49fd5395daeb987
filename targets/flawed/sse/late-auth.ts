/** Flaw: never asks /members for a token. */
import type { FlawMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/late-auth';
export const meta: FlawMeta = { role: 'server', trips, words: LOGIN };

if (require.main === module) startServer({ admits: () => true });
