/** Flaw: takes as many streams of one client as come. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/no-connection-limit';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ sessionLimit: Number.POSITIVE_INFINITY });
