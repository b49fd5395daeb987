/**
 * Tricky: takes every handshake, asks for the login by a message that repeats until it comes, and closes with 4401 after 5 s. That
 * is no refusal in the handshake, which `auth-window` says; of the stream strangers get nothing.
 */
import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { deliverWithin, type Session, send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'sends strangers challenges to answer within 5 s',
  fine: ['websocket/late-auth'],
  words: [
    ...['--auth', '{"login":"open-sesame"}', '--bad-auth', '{"login":"wrong"}'],
    ...['--skip', 'websocket/auth-window'],
  ],
};

const LOGIN_MS = 5_000;
const CHALLENGE_MS = 1_000;
const members = new Set<WebSocket>();
const deliver = deliverWithin(MIB);

function welcome({ socket }: Session): void {
  const challenge = () =>
    send(socket, JSON.stringify({ event: 'please-login', nonce: randomBytes(8).toString('hex') }));
  challenge();
  const challenges = setInterval(challenge, scaledMs(CHALLENGE_MS));
  const late = setTimeout(() => socket.close(4401, 'no login'), scaledMs(LOGIN_MS));
  const settle = () => {
    clearInterval(challenges);
    clearTimeout(late);
  };
  socket.on('close', () => {
    settle();
    members.delete(socket);
  });
  socket.on('message', (raw) => {
    const { login } = JSON.parse(raw.toString());
    if (login === undefined) return;
    settle();
    if (login === 'open-sesame') members.add(socket);
    else socket.close(4403, 'wrong login');
  });
}

if (require.main === module)
  startServer({
    welcome,
    deliver: (text, to) =>
      deliver(
        text,
        [...to].filter((socket) => members.has(socket)),
      ),
  });
