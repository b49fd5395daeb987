import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { EventSource } from 'eventsource';
import { waitFor } from '../clock.js';
import type { EventBody, Target } from '../contract.js';
import { createObserver } from '../path/observer.js';
import type { Refusal, Session, SessionOptions } from '../scenario.js';
import { STORY_TARGET } from '../story.js';
import { openEventStream } from './sse.js';
import { startEventReference } from './sse-reference.js';

const target: Target = { ...STORY_TARGET, protocol: 'sse' };
const events: EventBody[] = [];
const tools = { target, record: (event: EventBody) => void events.push(event), observer: createObserver('key') };

async function open(port: number, more: Partial<SessionOptions> = {}, of = tools): Promise<Session> {
  const opened = await openEventStream({ name: 'one', to: { host: '127.0.0.1', port }, ...more }, of);
  if ('refused' in opened) throw new Error(opened.reason);
  return opened;
}

async function serve(answer: (response: ServerResponse, method: string, body: string) => void): Promise<Server> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => answer(response, request.method ?? '', body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('a session of our own to an event stream', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  test('gets the events of the reference server, with their ids, and what it missed', async () => {
    await using reference = await startEventReference({ base: 500, pushMs: 20 });
    const ids: (string | undefined)[] = [];
    await using session = await open(reference.port, { onMessage: ({ envelope }) => void ids.push(envelope?.id) });
    await waitFor(() => session.received >= 3, 5000);
    expect(Number(ids[1])).toBe(Number(ids[0]) + 1);
    const again: (string | undefined)[] = [];
    await using resumed = await open(reference.port, {
      slots: [{ in: 'header', name: 'Last-Event-ID', value: String(ids[0]) }],
      onMessage: ({ envelope }) => void again.push(envelope?.id),
    });
    await waitFor(() => resumed.received >= 2, 5000);
    expect(again[0]).toBe(ids[1]);
  });

  test('tells the orderly end of a body from one that is cut', async () => {
    server = await serve((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      ending = response;
    });
    let ending: ServerResponse | undefined;
    const whole = await open(portOf(server));
    ending?.end();
    await whole.ended(5000);
    expect(whole.goodbye).toBeDefined();
    const cut = await open(portOf(server));
    ending?.socket?.destroy();
    await cut.ended(5000);
    expect(cut.goodbye).toBeUndefined();
    expect(cut.isOpen).toBe(false);
  });

  test('posts a first message, as token streams are asked for', async () => {
    server = await serve((response, method, body) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${method} ${body}\n\n`);
    });
    const got: string[] = [];
    await using session = await open(portOf(server), {
      slots: [{ in: 'message', text: '{"stream":true}' }],
      onMessage: ({ payload }) => void got.push(payload.toString()),
    });
    await waitFor(() => session.received > 0, 5000);
    expect(got).toEqual(['POST {"stream":true}']);
  });

  test('gives up a request that nobody answers', async () => {
    server = await serve(() => {});
    const to = { host: '127.0.0.1', port: portOf(server) };
    const refused = (await openEventStream({ name: 'one', to, openTimeoutMs: 50 }, tools)) as Refusal;
    expect(refused).toEqual({ refused: true, reason: 'the request timed out before it was answered' });
  });

  test.each([
    [204, undefined, 'HTTP 204'],
    [200, 'text/html', 'HTTP 200 with text/html'],
    [503, 'text/event-stream', 'HTTP 503'],
  ])('takes %d %s for a refusal', async (status, type, reason) => {
    server = await serve((response) => response.writeHead(status, type ? { 'content-type': type } : {}).end());
    const to = { host: '127.0.0.1', port: portOf(server) };
    const refused = (await openEventStream({ name: 'one', to }, tools)) as Refusal;
    expect(refused).toEqual({ refused: true, status, reason });
  });
});

describe('the reference server', () => {
  test('serves the eventsource package, which comes back with its last id', async () => {
    await using reference = await startEventReference({ base: 900, pushMs: 20 });
    const source = new EventSource(`http://127.0.0.1:${reference.port}/any`);
    const ids: number[] = [];
    source.addEventListener('message', ({ lastEventId }) => void ids.push(Number(lastEventId)));
    await waitFor(() => ids.length >= 3, 5000);
    const before = ids.length;
    expect(reference.goAway(0)).toBe(1);
    await waitFor(() => ids.length >= before + 3, 10_000);
    source.close();
    expect(ids).toEqual(ids.map((_, i) => (ids[0] ?? 0) + i));
  }, 20_000);

  test('says by retry when to come back where it has too much to do, and ends stream and connection', async () => {
    await using reference = await startEventReference({ base: 500, pushMs: 20, retryMs: 700 });
    const socket = connect(reference.port, '127.0.0.1');
    let text = '';
    let ended = false;
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('end', () => {
      ended = true;
    });
    socket.write('GET / HTTP/1.1\r\nHost: reference\r\n\r\n');
    await waitFor(() => text.includes('data: '), 5000);
    expect(reference.goAway(1013)).toBe(1);
    await waitFor(() => ended, 5000);
    expect(text.match(/retry: \d+/g)).toEqual(['retry: 700']);
    expect(text).toMatch(/retry: 700\nid: \d+\ndata: .*\n\n\r\n0\r\n\r\n$/);
  });
});
