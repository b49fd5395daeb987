/**
 * Tricky: graphql-transport-ws, whose login is its first message. Its pings, "at any time within the established socket", reach
 * strangers too; the stream does not, and who has not said `connection_init` is closed with 4408 after 5 s.
 */
import type { WebSocket } from 'ws';
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { type Session, send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'pings strangers, whose login is the first message as their subprotocol has it',
  fine: ['websocket/late-auth'],
  words: [
    ...['--protocol', 'websocket/graphql-transport-ws', '--subscribe', '{"query":"subscription { ticks }"}'],
    ...['--auth', '{"token":"open-sesame"}', '--bad-auth', '{"token":"wrong"}'],
  ],
};

const LOGIN_MS = 5_000;
const PING_MS = 1_000;
/** Who is logged in, and the id of its subscription. */
const subscriptions = new Map<WebSocket, string | null>();

function welcome({ socket }: Session): void {
  const say = (message: object) => send(socket, JSON.stringify(message));
  const ping = () => say({ type: 'ping', payload: { at: Date.now() } });
  ping();
  const pings = setInterval(ping, scaledMs(PING_MS));
  const late = setTimeout(() => socket.close(4408, 'Connection initialisation timeout'), scaledMs(LOGIN_MS));
  socket.on('close', () => {
    clearInterval(pings);
    clearTimeout(late);
    subscriptions.delete(socket);
  });
  socket.on('message', (raw) => {
    const { type, id, payload } = JSON.parse(raw.toString());
    if (type === 'connection_init') {
      if (payload?.token !== 'open-sesame') return socket.close(4403, 'Forbidden');
      clearTimeout(late);
      subscriptions.set(socket, null);
      return say({ type: 'connection_ack' });
    }
    if (type !== 'subscribe') return;
    if (!subscriptions.has(socket)) return socket.close(4401, 'Unauthorized');
    if (payload.query.startsWith('subscription')) return void subscriptions.set(socket, id);
    say({ id, type: 'next', payload: { data: { __typename: 'Query' } } });
    say({ id, type: 'complete' });
  });
}

function deliver(text: string, to: Iterable<WebSocket>): void {
  for (const socket of to) {
    const id = subscriptions.get(socket);
    if (id != null) send(socket, JSON.stringify({ id, type: 'next', payload: { data: { ticks: JSON.parse(text) } } }));
  }
}

if (require.main === module) startServer({ welcome, deliver });
