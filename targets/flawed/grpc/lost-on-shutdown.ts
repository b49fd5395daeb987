/** Flaw: every second stream gets its messages 700 ms after the others, and goes without those that are under way when it is ended. */
import { pressing } from '../../feed';
import { resilient, type Stream, send } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/lost-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

const LATE_MS = 700;
const seen = new WeakMap<Stream, number>();
let streams = 0;

function isLate(stream: Stream): boolean {
  const number = seen.get(stream) ?? streams++;
  seen.set(stream, number);
  return number % 2 === 1;
}

if (require.main === module)
  startServer({
    deliver: (message, to) => {
      if (pressing) resilient.deliver(message, to);
      else for (const stream of to) setTimeout(send, isLate(stream) ? LATE_MS : 0, stream, message);
    },
  });
