/** Flaw: every stream leaves 1 MiB behind for ever, so each storm makes it fatter. It stops at 1 GiB, for the sake of the machine
 * that runs this. */
import { MIB } from '../../limits';
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/storm-collapse';
export const meta: FlawMeta = { role: 'server', trips, implies: ['sse/ignored-disconnect'] };

const leaked: Buffer[] = [];

function leak(): void {
  if (leaked.length < 1024) leaked.push(Buffer.alloc(MIB, 1));
}

if (require.main === module) startServer({ welcome: leak });
