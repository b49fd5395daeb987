/** Flaw: takes as many connections of one client as come. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/no-connection-limit';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ sessionLimit: Number.POSITIVE_INFINITY });
