/** Flaw: one writer for each connection, that waits for the stream it is at: one that is not read holds up the others of its client. */
import type { Message } from '../../feed-service';
import { type Stream, send } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/stalled-sibling';
export const meta: FlawMeta = { role: 'server', trips };

const FULL_BYTES = 256 * 1024;

function deliver(message: Message, to: Iterable<Stream>): void {
  const streams = [...to];
  const full = new Set(
    streams.filter(({ backlogBytes }) => backlogBytes > FULL_BYTES).map(({ call }) => call.getPeer()),
  );
  for (const stream of streams) if (!full.has(stream.call.getPeer())) send(stream, message);
}

if (require.main === module) startServer({ deliver });
