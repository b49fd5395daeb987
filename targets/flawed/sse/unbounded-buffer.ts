/** Flaw: buffers for a slow client without a bound that helps. The 192 MiB a client are a fuse for the machine that runs
 * this, three times what the check allows. */
import { MIB } from '../../limits';
import type { FlawMeta } from '../../program';
import { deliverWithin } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/unbounded-buffer';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ deliver: deliverWithin(192 * MIB) });
