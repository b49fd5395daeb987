/** Flaw: parses what its clients send without expecting that it may be no JSON, and dies of the exception. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/crash-on-garbage';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ forgives: false });
