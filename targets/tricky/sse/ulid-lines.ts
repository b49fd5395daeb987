/**
 * Tricky: a server of another make. A byte order mark and 2 KiB of padding come first, lines end in CR, data is JSON over several
 * lines, chunks end within characters; ids are ULIDs behind a room's name and a space, a named event without one is the
 * heartbeat, and an unknown id is answered with the whole state.
 */
import { randomInt } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ULIDs with a space, lines that end in CR, JSON over several lines, chunks that end within characters',
  fine: ['sse/no-sequence-id', 'sse/no-replay', 'sse/silent-gap', 'sse/sequence-restart'],
};

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const PUSH_MS = 200;
const BEAT_MS = 2_000;
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache, no-transform' };

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

function eventOf(fields: readonly string[], value: object): string {
  const lines = JSON.stringify(value, undefined, 1).split('\n');
  return [...fields, ...lines.map((line) => `data: ${line}`), '', ''].join('\r');
}

/** In two chunks, in the middle of the first character beyond ASCII. */
function write(response: ServerResponse, text: string): void {
  const bytes = Buffer.from(text);
  const at = bytes.findIndex((byte) => byte >= 0x80) + 1;
  for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) if (part.length > 0) response.write(part);
}

function main(): void {
  const log: { readonly id: string; readonly text: string }[] = [];
  const clients = new Set<ServerResponse>();
  const server = createServer(({ headers }, response) => {
    response.writeHead(200, HEADERS).write(`\uFEFF:${' '.repeat(2048)}\r\r`);
    response.on('error', () => {}).on('close', () => clients.delete(response));
    const cursor = headers['last-event-id'];
    const at = log.findIndex(({ id }) => id === cursor);
    if (cursor !== undefined && at < 0) write(response, eventOf(['event: snapshot'], { rooms: { küche: log.length } }));
    else if (cursor !== undefined) for (const { text } of log.slice(at + 1)) write(response, text);
    clients.add(response);
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
  const toAll = (text: string) => clients.forEach((response) => void write(response, text));
  setInterval(() => {
    const id = `kitchen ${ulid()}`;
    const text = eventOf([`id: ${id}`], { room: 'küche', text: `${20 + randomInt(5)} °C` });
    log.push({ id, text });
    toAll(text);
  }, PUSH_MS);
  setInterval(() => toAll(eventOf(['event: heartbeat'], {})), BEAT_MS);
  process.once('SIGTERM', () => process.exit(0));
}

if (require.main === module) main();
