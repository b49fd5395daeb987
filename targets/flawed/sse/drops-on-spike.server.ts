/** Flaw: cuts a client that has acknowledged nothing for 2 s. */
import type { FlawMeta } from '../../program';
import { scaledMs } from '../../program';
import { startServer } from '../../sse-server';
import { cutAfter } from '../../unacknowledged';

export const trips = 'sse/drops-on-spike';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ welcome: cutAfter(scaledMs(2_000)) });
