import { gzipSync } from 'node:zlib';
import { waitFor } from '../clock.js';
import type { EventBody } from '../contract.js';
import { createObserver } from './observer.js';
import { tapEventStream } from './sse-tap.js';

const observer = createObserver('key');
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n';
const REQUEST = 'GET /feed?topic=a HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 41\r\n\r\n';

function tap() {
  const events: EventBody[] = [];
  const tapped = tapEventStream('gate', 1, (event) => events.push(event), observer);
  const down = (text: string | Buffer, size = Number.POSITIVE_INFINITY) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) tapped.down(bytes.subarray(at, at + size), 2);
  };
  const messages = () => events.flatMap((event) => (event.type === 'message' ? [event] : []));
  return { tapped, down, up: (text: string) => tapped.up(Buffer.from(text), 1), events, messages };
}

function chunked(...parts: string[]): string {
  return parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join('');
}

describe('the tap of an event stream', () => {
  test('tells a request by its method, query and headers, and the answer by what is public of it', () => {
    const { up, down, events } = tap();
    up(REQUEST);
    down(`${HEAD}Cache-Control: no-cache\r\nSet-Cookie: secret\r\nTransfer-Encoding: chunked\r\n\r\n`);
    expect(events[0]).toMatchObject({ type: 'handshake', dir: 'up', method: 'GET' });
    expect(events[0]).toHaveProperty(['fields', 'last-event-id', 'number'], 41);
    expect(events[0]).toHaveProperty(['fields', '?topic', 'length'], 1);
    expect(events[1]).toMatchObject({
      dir: 'down',
      status: 200,
      opens: true,
      headers: { 'cache-control': 'no-cache' },
    });
    expect(events[1]).not.toHaveProperty(['headers', 'set-cookie']);
  });

  test.each([1, 3, 1000])('reads events from pieces of %d bytes', (size) => {
    const { up, down, messages } = tap();
    up(REQUEST);
    const body = chunked(': hi\n\n', 'id: 7\r\nevent: price\r\ndata: {"p"', ':"ü"}\r\n\r\n', 'retry: 900\n\n');
    down(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`, size);
    expect(messages().filter(({ packet, bytes }) => packet !== 'control' || bytes > 0)).toEqual([
      expect.objectContaining({ opcode: 'comment', packet: 'heartbeat' }),
      expect.objectContaining({ opcode: 'text', form: 'json', bytes: 10 }),
      expect.objectContaining({ opcode: 'close' }),
    ]);
    const event = messages().find(({ form }) => form === 'json');
    expect(event?.fields).toMatchObject({ id: { number: 7 }, event: { length: 5 }, '/p': { length: 1 } });
    expect(messages().some(({ fields }) => fields?.retry === 900)).toBe(true);
  });

  test('gives no half event, and no orderly end where the last chunk is missing', () => {
    const { up, down, messages, tapped } = tap();
    up(REQUEST);
    down(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunked('data: whole\n\ndata: ha')}`);
    expect(messages().map(({ opcode }) => opcode)).toEqual(['text']);
    expect(tapped.betweenMessages).toBe(false);
    down(chunked('lf\n\n'));
    expect(messages()).toHaveLength(2);
    expect(tapped.betweenMessages).toBe(true);
  });

  test('lets bytes of our own in as a chunk of theirs, and never into one of the server’s', () => {
    const { up, down, tapped } = tap();
    up(REQUEST);
    down(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    expect(tapped.betweenMessages).toBe(true);
    expect(tapped.framed?.(Buffer.from('data:\n\n'))?.toString()).toBe('7\r\ndata:\n\n\r\n');
    const places = [...chunked('data: x\n\n')].map((byte) => {
      down(byte);
      return tapped.betweenMessages;
    });
    expect(places.lastIndexOf(false)).toBe(places.length - 2);
  });

  test('lets them in as they are where only the connection’s end ends the body, and nowhere where it has a length', () => {
    const raw = tap();
    raw.up(REQUEST);
    raw.down(`${HEAD}\r\ndata: x\n\n`);
    expect(raw.tapped.betweenMessages).toBe(true);
    expect(raw.tapped.framed?.(Buffer.from('x'))?.toString()).toBe('x');
    const sized = tap();
    sized.up(REQUEST);
    sized.down(`${HEAD}Content-Length: 100\r\n\r\ndata: x\n\n`);
    expect(sized.tapped.betweenMessages).toBe(false);
  });

  test('inflates what is compressed', async () => {
    const { up, down, messages } = tap();
    up(REQUEST);
    const body = gzipSync('data: {"n":1}\n\n');
    down(Buffer.concat([Buffer.from(`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`), body]));
    await waitFor(() => messages().length >= 2, 5000);
    expect(messages()).toMatchObject([{ opcode: 'text', fields: { '/n': 1 } }, { opcode: 'close' }]);
  });

  test('takes the next answer of the same connection, and what a POST brings', () => {
    const { up, down, events, messages } = tap();
    up('POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"ask":1}');
    down('HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy');
    up(REQUEST);
    down(`${HEAD}\r\ndata: x\n\n`);
    expect(messages()).toMatchObject([
      { dir: 'up', fields: { '/ask': 1 } },
      { dir: 'down', opcode: 'text' },
    ]);
    expect(events.flatMap((event) => (event.type === 'handshake' && event.status ? [event.status] : []))).toEqual([
      503, 200,
    ]);
  });

  test('says of what is no HTTP that it cannot be read', () => {
    const { down, events } = tap();
    down('\x16\x03\x01 something else\r\n\r\n');
    expect(events).toMatchObject([{ type: 'undecodable', dir: 'down' }]);
  });

  test.each([
    ['a line before a chunk', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '0'.repeat(40_000)],
    ['trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 'X-More: 1\r\n'.repeat(600)],
  ])('reads on behind no %s that never ends', (_, head, piece) => {
    const { up, down, events } = tap();
    up(REQUEST);
    for (const text of [head, piece, piece, piece]) down(text);
    expect(events.filter(({ type }) => type === 'undecodable')).toHaveLength(1);
  });

  test('gives up a packed line that never ends, whatever it unpacks to', async () => {
    const { up, down, events } = tap();
    up(REQUEST);
    down(`${HEAD}Content-Encoding: gzip\r\n\r\n`);
    down(gzipSync(Buffer.alloc(64 * 2 ** 20, 'x')));
    const unread = await waitFor(() => events.find(({ type }) => type === 'undecodable'), 10_000);
    expect(unread).toMatchObject({ dir: 'down', reason: 'an event over 8 MiB' });
  });
});
