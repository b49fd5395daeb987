/** Flaw: never looks at where a page comes from. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/cross-origin';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ checksOrigin: false });
