/** Flaw: knows the Last-Event-ID of who comes back (an unknown one still gets its reset) and sends nothing of what was missed. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/no-replay';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ replays: false });
