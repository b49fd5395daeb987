/**
 * Tricky: joins its messages into batches, one every 400 ms, and hands over the last one before it says goodbye; it says goodbye
 * to 25 sessions at a time.
 */
import type { WebSocket } from 'ws';
import { pressing } from '../../feed';
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { resilient } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'messages in batches, the last one before the goodbye; goodbyes to 25 sessions at a time',
  fine: ['lost-on-shutdown', 'herd-on-shutdown', 'abrupt-shutdown', 'hung-shutdown'].map((id) => `websocket/${id}`),
};

const batch: (readonly [string, readonly WebSocket[]])[] = [];
let leaving = 0;

function deliver(text: string, to: Iterable<WebSocket>): void {
  if (pressing) resilient.deliver(text, to);
  else batch.push([text, [...to]]);
}

function flush(): void {
  for (const [text, to] of batch.splice(0)) resilient.deliver(text, to);
}

function goodbye(socket: WebSocket): void {
  setTimeout(
    () => {
      flush();
      resilient.goodbye(socket);
    },
    scaledMs(300) * Math.floor(leaving++ / 25),
  );
}

if (require.main === module) {
  startServer({ deliver, goodbye, drainMs: 0 });
  setInterval(flush, 400);
}
