/** Tricky: drops what a slow client cannot take, counts it, and says so once the client is back: it loses data, and no memory. */
import type { Message } from '../../feed-service';
import { type Stream, send } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'drops what a slow client cannot take, and tells it how much',
  fine: ['grpc/unbounded-buffer', 'grpc/slow-neighbour'],
};

const dropped = new WeakMap<Stream, number>();

function deliver(message: Message, to: Iterable<Stream>): void {
  for (const stream of to) {
    const count = dropped.get(stream) ?? 0;
    if (stream.backlogBytes > MIB) {
      dropped.set(stream, count + 1);
      continue;
    }
    if (count > 0) send(stream, { data: `${count} messages were dropped` });
    dropped.delete(stream);
    send(stream, message);
  }
}

if (require.main === module) startServer({ deliver });
