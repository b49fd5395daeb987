/** Flaw: buffers for a slow client without a bound that helps. The 192 MiB a client are a fuse for the machine that runs
 * this, three times what the check allows. Its keepalive, which would cut that client in time, is off under pressure. */
import { pressing } from '../../feed';
import { deliverWithin, resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { MIB } from '../../limits';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/unbounded-buffer';
export const meta: FlawMeta = { role: 'server', trips };

const { options } = resilient;
const mute = { ...options, 'grpc.keepalive_time_ms': 2 ** 31 - 1 };

const within = deliverWithin(192 * MIB);
/** Those of a real feed are made for each client, and have no bytes in common, as those of PRESSURE=1 have. */
const deliver: typeof within = (message, to) => {
  for (const stream of to) within({ ...message, data: Buffer.from(message.data).toString('latin1') }, [stream]);
};

if (require.main === module) startServer({ deliver, options: pressing ? mute : options });
