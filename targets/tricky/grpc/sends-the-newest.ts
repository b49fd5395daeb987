/** Tricky: writes on while its call takes no more, into a ring of 4 MiB: what was oldest is dropped. */
import type { Note } from '../../feed-service';
import { startClient } from '../../grpc-client';
import { type TrickyMeta, UPLOADS } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'keeps 4 MiB for a call that is not read, and drops the oldest',
  fine: ['grpc/unread-stream', 'grpc/unbounded-send-buffer'],
  words: UPLOADS,
};

const KEPT = 64;
const ring: Note[] = [];

if (require.main === module)
  startClient({
    upload(call, note) {
      ring.push(note);
      if (ring.length > KEPT) ring.shift();
      for (let first = ring[0]; first && !call.writableNeedDrain; first = ring[0]) {
        call.write(first);
        ring.shift();
      }
    },
  });
