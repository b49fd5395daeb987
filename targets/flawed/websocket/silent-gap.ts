/** Flaw: serves whoever presents a cursor that it does not know from now on, as if nothing had been missed. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/silent-gap';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ resets: false });
