/** Flaw: writes what it has, whether or not what it wrote before has left; and no PING of its own that waits behind it ends that. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/unbounded-send-buffer';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ options: {}, upload: (call, note) => void call.write(note) });
