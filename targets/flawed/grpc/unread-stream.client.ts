/** Flaw: writes to its call whether it takes more or not; the library keeps what its window does not let through. */
import { startClient } from '../../grpc-client';
import { type FlawMeta, UPLOADS } from '../../program';

export const trips = 'grpc/unread-stream';
export const meta: FlawMeta = { role: 'client', trips, words: UPLOADS, implies: ['grpc/unbounded-send-buffer'] };

if (require.main === module) startClient({ upload: (call, note) => void call.write(note) });
