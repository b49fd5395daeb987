/** Flaw: waits for its call to take more, before a queue of its own that has no end. */

import type { Note } from '../../feed-service';
import { startClient } from '../../grpc-client';
import { type FlawMeta, UPLOADS } from '../../program';

export const trips = 'grpc/unbounded-send-buffer';
export const meta: FlawMeta = { role: 'client', trips, words: UPLOADS, implies: ['grpc/unread-stream'] };

const queue: Note[] = [];

if (require.main === module)
  startClient({
    upload(call, note) {
      queue.push(note);
      for (let first = queue[0]; first && !call.writableNeedDrain; first = queue[0]) {
        call.write(first);
        queue.shift();
      }
    },
  });
