/**
 * Tricky: a server of another make. Its ids are ULIDs in an envelope, several events come as one array in two fragments, and an
 * unknown cursor is answered with the whole state. An order's answer carries the time at which it was given.
 */
import { randomInt } from 'node:crypto';
import { type WebSocket, WebSocketServer } from 'ws';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ULIDs in an envelope, in batches, in fragments; a snapshot for an unknown cursor',
  fine: [
    'websocket/no-sequence-id',
    'websocket/no-replay',
    'websocket/silent-gap',
    'websocket/sequence-restart',
    'websocket/duplicate-execution',
  ],
};

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BATCH_MS = 100;
const BATCH = 3;

interface Event {
  readonly type: 'event';
  readonly payload: { readonly id: string; readonly room: string; readonly text: string };
}

/** 48 bits of time and 80 of chance: https://github.com/ulid/spec. */
function ulid(): string {
  let time = Date.now();
  let text = '';
  for (let i = 0; i < 10; i++) {
    text = (ALPHABET[time % 32] ?? '') + text;
    time = Math.floor(time / 32);
  }
  for (let i = 0; i < 16; i++) text += ALPHABET[randomInt(32)] ?? '';
  return text;
}

function sendBatch(socket: WebSocket, events: readonly object[]): void {
  const text = JSON.stringify(events);
  const half = Math.floor(text.length / 2);
  socket.send(text.slice(0, half), { fin: false });
  socket.send(text.slice(half), { fin: true });
}

function orderIn(text: string): string | undefined {
  try {
    const { type, id } = JSON.parse(text);
    return type === 'order' ? String(id) : undefined;
  } catch {
    return undefined;
  }
}

function main(): void {
  const events: Event[] = [];
  const orders = new Map<string, number>();
  const server = new WebSocketServer({ port: Number(process.env.PORT), host: '127.0.0.1', perMessageDeflate: true });
  server.on('connection', (socket, { url = '' }) => {
    socket.on('error', () => {});
    socket.on('message', (raw) => {
      const id = orderIn(raw.toString());
      if (id === undefined) return;
      orders.set(id, orders.get(id) ?? orders.size + 1);
      socket.send(JSON.stringify({ type: 'ordered', id, number: orders.get(id), at: Date.now() }));
    });
    const cursor = new URLSearchParams(url.split('?')[1]).get('last');
    if (cursor === null) return;
    const at = events.findIndex(({ payload }) => payload.id === cursor);
    if (at < 0) socket.send(JSON.stringify({ type: 'snapshot', payload: { rooms: { kitchen: events.length } } }));
    else if (at < events.length - 1) sendBatch(socket, events.slice(at + 1));
  });
  setInterval(() => {
    const batch = Array.from({ length: 1 + randomInt(BATCH) }, (): Event => {
      return { type: 'event', payload: { id: ulid(), room: 'kitchen', text: `${20 + randomInt(5)} degrees` } };
    });
    events.push(...batch);
    for (const socket of server.clients) sendBatch(socket, batch);
  }, BATCH_MS * 2);
  process.once('SIGTERM', () => process.exit(0));
}

if (require.main === module) main();
