/**
 * Tricky: keeps the newest 24 MiB of what it cannot send, in a queue of its own, and says what it drops: its memory grows for a
 * while, and all that it kept comes at once when it is read again. No PING that waits behind it ends the connection before.
 */
import type { ClientWritableStream } from '@grpc/grpc-js';
import type { Note } from '../../feed-service';
import { startClient } from '../../grpc-client';
import { MIB } from '../../limits';
import { report, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'keeps the newest 24 MiB that it could not send, and drops the oldest',
  fine: ['grpc/unbounded-send-buffer'],
};

const queue: Note[] = [];

function upload(call: ClientWritableStream<Note>, note: Note): void {
  queue.push(note);
  if (queue.length * note.text.length > 24 * MIB) {
    queue.shift();
    report('unsent');
  }
  while (!call.writableNeedDrain && queue.length > 0) call.write(queue.shift() as Note);
}

if (require.main === module) startClient({ options: {}, upload });
