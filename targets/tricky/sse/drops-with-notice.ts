/** Tricky: drops what a slow client cannot take, counts it, and says so once the client is back: it loses data, and no memory. */
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';
import { type Stream, send } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'drops what a slow client cannot take, and tells it how much',
  fine: ['sse/unbounded-buffer', 'sse/slow-neighbour'],
};

const dropped = new WeakMap<Stream, number>();

function deliver(text: string, to: Iterable<Stream>): void {
  for (const stream of to) {
    const count = dropped.get(stream) ?? 0;
    if (stream.response.writableLength > MIB) {
      dropped.set(stream, count + 1);
      continue;
    }
    if (count > 0) send(stream, `event: dropped\ndata: {"count":${count}}\n\n`);
    dropped.delete(stream);
    send(stream, text);
  }
}

if (require.main === module) startServer({ deliver });
