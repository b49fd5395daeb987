/** Flaw: says goodbye to all its sessions in the same instant. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/herd-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ drainMs: 0 });
