/** Flaw: takes an order again when it comes again with the same id. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/duplicate-execution';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ executesOnce: false });
