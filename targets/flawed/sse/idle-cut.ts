/** Flaw: its heartbeat comes every 90 s, longer than proxies wait. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/idle-cut';
export const meta: FlawMeta = { role: 'server', trips, implies: ['sse/no-heartbeat'] };

if (require.main === module) startServer({ beatMs: 90_000 });
