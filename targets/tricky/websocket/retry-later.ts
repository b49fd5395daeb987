/**
 * Tricky: says goodbye to all in one instant, with a time of its own for each to come back in the reason; tells who sends too much
 * so in a message and keeps the session; lets who opens too many sessions in, to say 1013.
 */
import type { WebSocket } from 'ws';
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick:
    'all sent away at once, each with a delay of its own in the reason; limits told by an error message and a 1013',
  fine: ['herd-on-shutdown', 'no-message-limit', 'no-connection-limit', 'abrupt-shutdown'].map(
    (id) => `websocket/${id}`,
  ),
};

const told = new WeakSet<WebSocket>();
let open = 0;

function overLimit(socket: WebSocket): void {
  if (!told.has(socket)) socket.send(JSON.stringify({ type: 'error', code: 'rate_limited' }));
  told.add(socket);
}

if (require.main === module) {
  startServer({
    drainMs: 0,
    goodbye: (socket) =>
      socket.close(1012, `restarting, retry in ${Math.round(scaledMs(1_000 + 29_000 * Math.random()))} ms`),
    overLimit,
    sessionLimit: Number.POSITIVE_INFINITY,
    welcome: ({ socket }) => {
      open += 1;
      socket.once('close', () => {
        open -= 1;
      });
      if (open > 400) socket.close(1013, 'come back later');
    },
  });
}
