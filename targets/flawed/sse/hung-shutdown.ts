/** Flaw: ends its streams and its port politely, and the process stays. Only SIGKILL ends it. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/hung-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ exits: false });
