import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import WebSocket, { WebSocketServer } from 'ws';
import { nowMs, until } from '../clock.js';
import type { Direction, EventBody } from '../contract.js';
import { openGate } from './gate.js';
import { createObserver } from './observer.js';
import { tapWebSocket } from './websocket-tap.js';

const observer = createObserver('k');
type Message = Extract<EventBody, { type: 'message' }>;

const messagesOf = (events: readonly EventBody[], dir: Direction) =>
  events.filter((event): event is Message => event.type === 'message' && event.dir === dir);
const undecodableOf = (events: readonly EventBody[]) => events.filter((event) => event.type === 'undecodable');

const REQUEST = [
  'GET /feed?token=secret&from=42 HTTP/1.1',
  'Host: x',
  'Last-Event-ID: 17',
  'Sec-WebSocket-Protocol: graphql-ws, eyJhbGciOiJIUzI1NiJ9.payload.signature',
  'Upgrade: websocket',
  '\r\n',
].join('\r\n');
const response = (extensions = '') =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: graphql-ws\r\n${extensions}\r\n`;

interface FrameOptions {
  readonly final?: boolean;
  readonly mask?: boolean;
  readonly rsv?: number;
}

function frame(opcode: number, payload: Buffer, { final = true, mask = false, rsv = 0 }: FrameOptions = {}): Buffer {
  const length = payload.length;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (mask ? 0x80 : 0) | (length < 126 ? length : length < 65536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  if (!mask) return Buffer.concat([head, payload]);
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  return Buffer.concat([head, key, payload.map((byte, i) => byte ^ (key[i % 4] ?? 0))]);
}

/** A tap that has seen both heads. */
function openTap(extensions = '') {
  const events: EventBody[] = [];
  const tap = tapWebSocket('g', 1, (event) => events.push(event), observer);
  tap.up(Buffer.from(REQUEST), 1);
  tap.down(Buffer.from(response(extensions)), 2);
  return { events, tap };
}

test('handshakes tell names, numbers and status, and keep no value', () => {
  const { events } = openTap();
  const [up, down] = events;
  expect(up).toMatchObject({
    type: 'handshake',
    dir: 'up',
    fields: { '?from': { number: 42 }, 'last-event-id': { number: 17 } },
  });
  expect(up).toMatchObject({ subprotocol: expect.stringMatching(/^graphql-ws, #[0-9a-f]{16}$/) });
  expect(down).toMatchObject({ type: 'handshake', dir: 'down', status: 101, subprotocol: 'graphql-ws' });
  expect(JSON.stringify(events)).not.toMatch(/secret|signature/);
});

test('after a refusal nothing is decoded', () => {
  const events: EventBody[] = [];
  const tap = tapWebSocket('g', 1, (event) => events.push(event), observer);
  tap.up(Buffer.from(REQUEST), 1);
  tap.down(Buffer.from('HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n<html>'), 2);
  tap.up(Buffer.from('anything'), 3);
  expect(events).toHaveLength(2);
  expect(events[1]).toMatchObject({ status: 503, fields: { 'retry-after': { number: 7 } } });
});

test('a session that begins on the connection on which HTTP was asked before is decoded', () => {
  const events: EventBody[] = [];
  const tap = tapWebSocket('g', 1, (event) => events.push(event), observer);
  tap.up(Buffer.from('POST /negotiate HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'), 1);
  tap.down(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'), 2);
  tap.up(Buffer.from('GET /poll HTTP/1.1\r\nHost: x\r\n\r\n'), 3);
  tap.down(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'), 4);
  expect([events.length, tap.holds]).toEqual([2, false]);
  tap.up(Buffer.from(REQUEST), 5);
  tap.down(Buffer.from(response()), 6);
  tap.down(frame(1, Buffer.from('{"seq":1}')), 7);
  expect(events.map(({ type }) => type)).toEqual(['handshake', 'handshake', 'handshake', 'handshake', 'message']);
  expect(tap.holds).toBe(true);
});

test('bytes that are no HTTP are undecodable once, for their direction only', () => {
  const events: EventBody[] = [];
  const tap = tapWebSocket('g', 1, (event) => events.push(event), observer);
  tap.up(Buffer.from([0x16, 0x03, 0x01]), 1);
  tap.up(Buffer.from([0x16, 0x03, 0x01]), 2);
  expect(events).toEqual([{ type: 'undecodable', gate: 'g', conn: 1, dir: 'up', reason: 'not an HTTP/1.1 head' }]);
});

test.each([
  ['a reserved bit', frame(1, Buffer.from('x'), { rsv: 1 })],
  ['RSV1 without permessage-deflate', frame(1, Buffer.from('x'), { rsv: 4 })],
  ['a reserved opcode', frame(3, Buffer.from('x'))],
  ['a masked frame of a server', frame(1, Buffer.from('x'), { mask: true })],
  ['a continuation of nothing', frame(0, Buffer.from('x'))],
  ['a fragmented ping', frame(9, Buffer.from('x'), { final: false })],
])('%s is undecodable once; the other direction goes on', (_, bytes) => {
  const { events, tap } = openTap();
  tap.down(frame(1, Buffer.from('good')), 3);
  tap.down(bytes, 4);
  tap.down(frame(1, Buffer.from('unseen')), 5);
  tap.up(frame(1, Buffer.from('seen'), { mask: true }), 6);
  expect(messagesOf(events, 'down')).toHaveLength(1);
  expect(undecodableOf(events)).toHaveLength(1);
  expect(messagesOf(events, 'up')).toMatchObject([{ hash: observer.hash('seen') }]);
});

test('what follows a close frame is not read: it was the last one', () => {
  const { events, tap } = openTap();
  tap.down(Buffer.concat([frame(8, Buffer.from([0x03, 0xe8])), Buffer.from('HTTP/1.0 200 OK\r\n')]), 3);
  tap.down(Buffer.from('\r\n'), 4);
  expect(messagesOf(events, 'down')).toMatchObject([{ opcode: 'close', closeCode: 1000 }]);
  expect(undecodableOf(events)).toEqual([]);
});

test('broken deflate is undecodable, and what came before it is told', async () => {
  const { events, tap } = openTap('Sec-WebSocket-Extensions: permessage-deflate\r\n');
  tap.down(frame(1, Buffer.from('plain')), 3);
  tap.down(frame(1, Buffer.alloc(50, 0xff), { rsv: 4 }), 4);
  tap.down(frame(1, Buffer.from('unseen')), 5);
  await until('it is told', () => undecodableOf(events).length > 0, 3000);
  tap.end();
  expect(messagesOf(events, 'down').map(({ bytes }) => bytes)).toEqual([5]);
});

test('messages over 1 MiB are told by size alone, invalid UTF-8 is opaque, close codes are kept', () => {
  const { events, tap } = openTap();
  const whole = frame(2, Buffer.alloc(1024 * 1024 + 1));
  for (let at = 0; at < whole.length; at += 65536) tap.down(whole.subarray(at, at + 65536), 3);
  tap.down(frame(1, Buffer.from([0xff, 0xfe])), 4);
  tap.down(frame(8, Buffer.from([0x03, 0xe9, 0x62])), 5);
  tap.down(frame(1, Buffer.from('after the close')), 6);
  expect(messagesOf(events, 'down')).toMatchObject([
    { opcode: 'binary', bytes: 1024 * 1024 + 1, hash: '' },
    { opcode: 'text', bytes: 2, form: 'opaque' },
    { opcode: 'close', bytes: 3, closeCode: 1001 },
  ]);
  expect(messagesOf(events, 'down')[0]).not.toHaveProperty('form');
});

test('however the bytes are split, the same messages are told at the time of the chunk that completed them', () => {
  const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const message = fc.record({
    binary: fc.boolean(),
    fragments: fc.array(payload, { minLength: 1, maxLength: 3 }),
    ping: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 }),
      fc.boolean(),
      (sent, cuts, ones) => {
        const wire: Buffer[] = [];
        const expected: unknown[] = [];
        for (const { binary, fragments, ping } of sent) {
          fragments.forEach((part, i) => {
            const last = i === fragments.length - 1;
            // A control frame may stand inside a fragmented message, and is told before it.
            if (last && ping) {
              wire.push(frame(9, Buffer.from('p'), { mask: true }));
              expected.push({ opcode: 'ping', hash: observer.hash(Buffer.from('p')) });
            }
            wire.push(frame(i > 0 ? 0 : binary ? 2 : 1, part, { final: last, mask: true }));
          });
          const whole = Buffer.concat(fragments);
          expected.push({ opcode: binary ? 'binary' : 'text', bytes: whole.length, hash: observer.hash(whole) });
        }
        const events: EventBody[] = [];
        const tap = tapWebSocket('g', 1, (event) => events.push(event), observer);
        const feed = (bytes: Buffer, to: (chunk: Buffer, atMs: number) => void) => {
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = ones ? 1 : (cuts[i % cuts.length] ?? 1);
            to(bytes.subarray(at, at + size), at);
            at += size;
          }
        };
        feed(Buffer.from(REQUEST), (chunk, atMs) => tap.up(chunk, atMs));
        feed(Buffer.from(response()), (chunk, atMs) => tap.down(chunk, atMs));
        feed(Buffer.concat(wire), (chunk, atMs) => tap.up(chunk, atMs));
        expect(undecodableOf(events)).toEqual([]);
        expect(messagesOf(events, 'up')).toMatchObject(expected);
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});

const deflate = { threshold: 0 };
test.each([
  ['without compression', false],
  ['with permessage-deflate', deflate],
  ['without context takeover', { ...deflate, serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ['with small windows', { ...deflate, serverMaxWindowBits: 9, clientMaxWindowBits: 8 }],
] as const)(
  'a real client and server through a gate %s: what the tap tells is what they saw',
  async (_, perMessageDeflate) => {
    const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
    await new Promise((resolve) => upstream.once('listening', resolve));
    const seen: Record<Direction, Buffer[]> = { up: [], down: [] };
    const events: EventBody[] = [];
    await using gate = await openGate({
      name: 'g',
      upstream: { host: '127.0.0.1', port: (upstream.address() as AddressInfo).port },
      record: (event) => events.push(event),
      tap: tapWebSocket,
      observer,
    });
    const bodies = [1, 100, 5000, 70_000, 900_000].flatMap((size) => [
      Buffer.from(JSON.stringify({ id: size, text: 'abc '.repeat(size / 4) })),
      randomBytes(size),
    ]);
    const send = (socket: WebSocket) => {
      for (const [i, body] of bodies.entries()) {
        socket.send(body.subarray(0, body.length >> 1), { binary: i % 2 === 1, fin: false, compress: true });
        socket.ping('beat');
        socket.send(body.subarray(body.length >> 1), { binary: i % 2 === 1, fin: true, compress: true });
        socket.send(body, { binary: i % 2 === 1 });
      }
      socket.send(Buffer.alloc(3_000_000, 'big'));
    };
    upstream.on('connection', (socket) => {
      socket.on('message', (bytes: Buffer) => seen.up.push(bytes));
      send(socket);
    });
    const client = new WebSocket(`ws://127.0.0.1:${gate.port}/?a=1`, { perMessageDeflate });
    client.on('message', (bytes: Buffer) => seen.down.push(bytes));
    client.once('open', () => send(client));
    const count = bodies.length * 2 + 1;
    await until('both have all', () => seen.up.length === count && seen.down.length === count, 15_000);
    client.close(4001, 'done');
    const closes = () => events.filter((event) => event.type === 'message' && event.opcode === 'close');
    await until('both closes are told', () => closes().length === 2, 5000);
    for (const dir of ['up', 'down'] as const) {
      const told = messagesOf(events, dir).filter(({ opcode }) => opcode === 'text' || opcode === 'binary');
      expect(told.map(({ bytes }) => bytes)).toEqual(seen[dir].map((bytes) => bytes.length));
      expect(told.map(({ hash }) => hash)).toEqual(
        seen[dir].map((bytes) => (bytes.length > 1024 * 1024 ? '' : observer.hash(bytes))),
      );
      expect(told[0]).toMatchObject({ opcode: 'text', form: 'json', fields: { '/id': 1 } });
      const pings = messagesOf(events, dir).filter(({ opcode }) => opcode === 'ping');
      expect(pings).toHaveLength(bodies.length);
      expect(pings[0]?.hash).toBe(observer.hash('beat'));
    }
    expect(closes()).toMatchObject([{ closeCode: 4001 }, { closeCode: 4001 }]);
    expect(undecodableOf(events)).toEqual([]);
    upstream.close();
    for (const socket of upstream.clients) socket.terminate();
  },
);

test('100 MB of 16 KiB messages take less than a second to decode', () => {
  const { events, tap } = openTap();
  const wire = frame(2, randomBytes(16 * 1024), { mask: true });
  const from = nowMs();
  for (let i = 0; i < 6400; i++) tap.up(wire, i);
  // Twice as long as is asked for, since others use this machine too.
  expect(nowMs() - from).toBeLessThan(2000);
  expect(messagesOf(events, 'up')).toHaveLength(6400);
});
