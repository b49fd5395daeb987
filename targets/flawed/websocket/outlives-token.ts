/** Flaw: looks at the token in the handshake and never again. */
import type { FlawMeta } from '../../program';
import { LOGIN } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/outlives-token';
export const meta: FlawMeta = { role: 'server', trips, words: LOGIN };

if (require.main === module) startServer({ endsWithToken: false });
