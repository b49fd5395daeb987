/** Flaw: its gauge of open connections misses those that ended without a close frame (1006 of RFC 6455 7.1.5). */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/lying-metrics';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ uncounts: (code) => code !== 1006 });
