/** Flaw: leaves the pings of its clients unanswered. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/unanswered-ping';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ autoPong: false });
