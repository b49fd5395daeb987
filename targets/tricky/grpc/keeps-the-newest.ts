/** Tricky: never waits for a stream and never ends it: while its window is shut it keeps the newest 16 MiB, and tells of the gap. */
import type { Message } from '../../feed-service';
import { type Stream, send } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'keeps 16 MiB for a stream that is not read, and drops the oldest with a notice',
  fine: ['grpc/unread-stream', 'grpc/stalled-sibling'],
};

interface Waiting {
  readonly messages: Message[];
  bytes: number;
  dropped: boolean;
}
const KEPT_BYTES = 16 * MIB;
const waiting = new WeakMap<Stream, Waiting>();

function deliver(message: Message, to: Iterable<Stream>): void {
  for (const stream of to) {
    const mine = waiting.get(stream) ?? { messages: [], bytes: 0, dropped: false };
    waiting.set(stream, mine);
    mine.messages.push(message);
    mine.bytes += message.data.length;
    while (mine.bytes > KEPT_BYTES) {
      mine.bytes -= mine.messages.shift()?.data.length ?? 0;
      mine.dropped = true;
    }
    if (stream.backlogBytes > 0) continue;
    if (mine.dropped) send(stream, { data: 'some were dropped' });
    for (const kept of mine.messages.splice(0)) send(stream, kept);
    Object.assign(mine, { bytes: 0, dropped: false });
  }
}

if (require.main === module) startServer({ deliver });
