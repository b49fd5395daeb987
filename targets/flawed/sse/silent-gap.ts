/** Flaw: serves whoever presents a Last-Event-ID that it does not know from now on, as if nothing had been missed. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/silent-gap';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ reset: '' });
