/** Tricky: whoever presents an id that it cannot have sent is reset without a word, and so is everybody from that address for a minute. */
import type { IncomingMessage } from 'node:http';
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'resets who presents nonsense, and bans the address for a minute',
  fine: ['sse/crash-on-garbage'],
};

const BAN_MS = 60_000;
const banned = new Map<string, number>();

function queues({ headers, socket }: IncomingMessage, next: () => void): void {
  const address = socket.remoteAddress ?? '';
  const id = headers['last-event-id'];
  if (id !== undefined && !/^\d{1,15}$/.test(`${id}`)) banned.set(address, Date.now() + BAN_MS);
  if ((banned.get(address) ?? 0) > Date.now()) socket.resetAndDestroy();
  else next();
}

if (require.main === module) startServer({ queues });
