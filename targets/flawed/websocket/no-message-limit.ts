/** Flaw: answers as many messages of one client as come. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/no-message-limit';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ messageLimit: Number.POSITIVE_INFINITY });
