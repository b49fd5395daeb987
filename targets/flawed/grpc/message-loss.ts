/** Flaw: hands messages on through a queue of three, emptied every 50 ms; what a replay brings beyond that is dropped without a word. */
import { startClient } from '../../grpc-client';
import { Inbox } from '../../inbox';
import { type FlawMeta, report } from '../../program';

export const trips = 'grpc/message-loss';
export const meta: FlawMeta = { role: 'client', trips };

const queue: (number | string)[] = [];
const tell = (id: number | string) => queue.length < 3 && queue.push(id);

if (require.main === module) {
  setInterval(() => queue.splice(0).forEach((id) => void report('message', { id })), 50);
  startClient({ inbox: new Inbox({ tell }) });
}
