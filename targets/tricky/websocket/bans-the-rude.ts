/** Tricky: whoever breaks the protocol is reset without a word, and so is everybody from that address for a minute. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TrickyMeta } from '../../program';
import type { Session } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'resets who breaks the protocol, and bans the address for a minute',
  fine: ['websocket/crash-on-garbage'],
};

const BAN_MS = 60_000;
const banned = new Map<string, number>();

function queues(socket: Socket, next: () => void): void {
  if ((banned.get(socket.remoteAddress ?? '') ?? 0) > Date.now()) return void socket.resetAndDestroy();
  next();
}

function welcome({ socket }: Session, { socket: tcp }: IncomingMessage): void {
  const address = tcp.remoteAddress ?? '';
  socket.once('error', () => {
    banned.set(address, Date.now() + BAN_MS);
    tcp.resetAndDestroy();
  });
}

if (require.main === module) startServer({ queues, welcome });
