/** Flaw: looks at the token in the request and never again, however long the stream lives. */
import type { FlawMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/outlives-token';
export const meta: FlawMeta = { role: 'server', trips, implies: ['sse/leaked-session'], words: LOGIN };

if (require.main === module) startServer({ endsWithToken: false, lifetimeMs: () => null });
