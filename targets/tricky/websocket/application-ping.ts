/**
 * Tricky: sends no ping of the protocol but a message of its own, as a page has to, and takes the link for dead only after 75 s
 * without anything from the server.
 */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'pings by messages of the application, and waits 75 s',
  fine: ['websocket/silent-disconnect', 'websocket/no-reconnect'],
};

if (require.main === module) {
  startClient({
    beat: (socket) => socket.send(JSON.stringify({ type: 'echo', id: 1, text: 'ping' })),
    silenceMs: 75_000,
  });
}
