/** Flaw: whoever cancelled stays on its list, and each message is made ready for all of them as before. */

import type { Message } from '../../feed-service';
import { subscribe } from '../../feed-service';
import { type Stream, send } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/ignored-cancel';
export const meta: FlawMeta = { role: 'server', trips };

function deliver(message: Message, to: Iterable<Stream>): void {
  for (const stream of to) {
    const own = { ...message, data: `${message.data} for ${stream.backlogBytes}` };
    subscribe.responseSerialize(own);
    send(stream, own);
  }
}

if (require.main === module) startServer({ left: () => {}, deliver });
