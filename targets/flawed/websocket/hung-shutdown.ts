/** Flaw: closes its sessions and its port politely, and the process stays. Only SIGKILL ends it. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/hung-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ exits: false });
