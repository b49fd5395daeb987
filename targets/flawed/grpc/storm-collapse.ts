/** Flaw: every stream leaves 1 MiB behind for ever, so each storm makes it fatter. It stops at 1 GiB, for the sake of the machine
 * that runs this. */
import { startServer } from '../../grpc-server';
import { MIB } from '../../limits';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/storm-collapse';
export const meta: FlawMeta = { role: 'server', trips };

const leaked: Buffer[] = [];

function queues(next: () => void): void {
  if (leaked.length < 1024) leaked.push(Buffer.alloc(MIB, 1));
  next();
}

if (require.main === module) startServer({ queues });
