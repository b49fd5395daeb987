/**
 * Flaw: writes to each stream whether it takes more or not; the library keeps what its window does not let through. The 192 MiB a
 * client are a fuse for the machine that runs this.
 */
import { deliverWithin } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { MIB } from '../../limits';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/unread-stream';
export const meta: FlawMeta = { role: 'server', trips, implies: ['grpc/unbounded-buffer'] };

const deliver = deliverWithin(192 * MIB);

if (require.main === module)
  // Messages of a real feed have no bytes in common, as those of PRESSURE=1 have.
  startServer({ deliver, form: (message) => ({ ...message, data: Buffer.from(message.data).toString('latin1') }) });
