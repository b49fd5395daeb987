import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { EventDecoder, type StreamEvent } from './event-decoder';
import { start, startServer } from './started';
import { subjects } from './subjects';

const flawed = subjects().filter(({ kind, protocol }) => kind === 'flawed' && protocol === 'sse');
const ofRole = (role: string) => flawed.filter(({ meta }) => meta.role === role).map(({ file }) => file);
const flaws = (...ids: string[]) => ids.map((id) => `flawed/sse/${id}.js`);

const FORGETFUL = flaws('no-resume', 'stale-after-reconnect', 'stale-last-event-id');
/** They follow an answer that ends, and not a feed. */
const FINITE = flaws('truncated-answer', 'stalled-answer', 'repeated-post');

/** A stream that keeps what it got, until it ends. */
function open(host: string, headers = {}, path = '/feed') {
  const events: StreamEvent[] = [];
  let told = () => {};
  let response: IncomingMessage | undefined;
  const decoder = new EventDecoder({
    event: (event) => {
      events.push(event);
      told();
    },
    retry: () => {},
    stray: () => {},
  });
  const ended = new Promise<string>((resolve) => {
    const request = get(`http://${host}${path}`, { headers, agent: false }, (answer) => {
      response = answer;
      answer.on('data', (bytes) => decoder.feed(bytes)).on('error', () => {});
      answer.on('close', () => resolve(answer.complete ? 'whole' : 'cut'));
      told();
    });
    request.on('error', () => resolve('cut'));
  });
  const until = async (done: () => boolean) => {
    while (!done()) {
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    }
  };
  const receive = async (count: number) => {
    await until(() => events.length >= count);
    return events;
  };
  const answered = async () => {
    await until(() => response !== undefined);
    return response as IncomingMessage;
  };
  return { ended, receive, answered, events };
}

const ids = (events: readonly StreamEvent[]) => events.map(({ id }) => Number(id));

/** A server whose streams the test writes, one after another. */
async function scripted(...scripts: ((response: ServerResponse, request: IncomingMessage) => void)[]) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    (scripts[asked.length - 1] ?? scripts.at(-1))?.(response, request);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`;
  return { asked, url, [Symbol.asyncDispose]: stop };
}

const stream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });

test.each(['sse-server.js', ...ofRole('server')])('%s serves, is healthy and stops on SIGTERM', async (file) => {
  const { program, host } = await startServer(file);
  await using _program = program;
  const { ended, receive } = open(host);
  await receive(2);
  expect((await fetch(`http://${host}/health`)).status).toBe(200);
  if (flaws('hung-shutdown').includes(file)) {
    program.child.kill('SIGTERM');
    await ended;
    return expect(program.child.exitCode).toBeNull();
  }
  expect(await program.stopped()).toBe(0);
  expect(await ended).toBe(flaws('abrupt-shutdown').includes(file) ? 'cut' : 'whole');
});

const clients = ofRole('client').filter((file) => !FINITE.includes(file));
test.each(['sse-client.js', ...clients])('%s connects, reports, comes back and stops on SIGTERM', async (file) => {
  await using server = await scripted((response) => stream(response).write('retry: 50\n\nid: 7\ndata: {"seq":7}\n\n'));
  await using program = start(file, { TARGET_URL: server.url });
  await program.saw(/"open".*"message","id":"7"/s);
  server.asked[0]?.socket.destroy();
  await program.saw(/"close"/);
  if (!flaws('no-reconnect').includes(file)) {
    await program.saw(/"close".*"retry".*"open"/s);
    if (!FORGETFUL.includes(file)) expect(server.asked[1]?.headers['last-event-id']).toBe('7');
  }
  expect(await program.stopped()).toBe(0);
});

test('the resilient SSE server says what its stream is, and to whom', async () => {
  const { program, host } = await startServer('sse-server.js', { QUIET: '1' });
  await using _program = program;
  const { headers } = await open(host, { origin: 'https://evil.example', cookie: 'a=b' }).answered();
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  expect(Object.keys(headers).join()).not.toContain('access-control');
  const login = { authorization: 'Bearer open-sesame' };
  const statuses = [{}, { authorization: 'Bearer x' }, login].map(async (auth) => {
    const { statusCode } = await open(host, auth, '/members').answered();
    return statusCode;
  });
  expect(await Promise.all(statuses)).toEqual([401, 401, 200]);
});

test('the resilient SSE server replays what was missed, once and in order, and resets an unknown cursor', async () => {
  const { program, host } = await startServer('sse-server.js');
  await using _program = program;
  const [first] = ids(await open(host).receive(10));
  const back = ids(await open(host, { 'last-event-id': `${first}` }).receive(20)).slice(0, 20);
  expect(back).toEqual(back.map((_, i) => Number(first) + 1 + i));
  for (const cursor of ['1', 'x', '999999999999'])
    expect((await open(host, { 'last-event-id': cursor }).receive(2))[0]).toMatchObject({ type: 'reset' });
});

test('the resilient SSE server lets go of a stream in good order after its lifetime, and refuses one too many', async () => {
  const { program, host } = await startServer('sse-server.js', {
    QUIET: '1',
    HOLDFAST_SCALE: '0.01',
    SESSION_LIMIT: '2',
  });
  await using _program = program;
  const [one, two] = [open(host), open(host)];
  await Promise.all([one.answered(), two.answered()]);
  const { statusCode, headers } = await open(host).answered();
  expect([statusCode, Number(headers['retry-after']) > 0]).toEqual([429, true]);
  expect(await one.ended).toBe('whole');
  expect(one.events).toMatchObject([{ type: 'goodbye' }]);
});

test('the resilient SSE server under pressure cuts a slow reader and goes on serving the others', async () => {
  const { program, host } = await startServer('sse-server.js', { PRESSURE: '1' });
  await using _program = program;
  const slow = open(host);
  const unread = (await slow.answered()).pause();
  const fast = open(host);
  await fast.receive(150);
  unread.resume();
  expect(await slow.ended).toBe('cut');
  const before = fast.events.length;
  await fast.receive(before + 20);
});

test('the resilient SSE client takes lines ended and split anyhow, each event once, and no half one', async () => {
  const bytes = Buffer.from(
    ': hi\r\rid: ä 1\rdata: {"a":\rdata:"ü"}\r\rid: 2\r\ndata: {}\r\n\r\nid\ndata: {"seq":9}\n\n',
  );
  await using server = await scripted(
    async (response) => {
      stream(response);
      for (const byte of bytes) await new Promise((resolve) => response.write(Buffer.of(byte), resolve));
      response.end('id: 2\ndata: {}\n\nid: 3\ndata: {}\n\nid: 4\ndata: {"x"');
    },
    (response) => stream(response).write('id: 5\ndata: {}\n\nid: 6\n\n'),
    (response) => stream(response).flushHeaders(),
  );
  await using client = start('sse-client.js', { TARGET_URL: server.url });
  await client.saw(/"id":"5"/);
  expect([...client.output.matchAll(/"id":"?(.*?)"?}/g)].map(([, id]) => id)).toEqual(['ä 1', '2', '9', '3', '5']);
  expect(server.asked[1]?.headers['last-event-id']).toBe('3');
  server.asked[1]?.socket.destroy();
  await client.saw(/"id":"5".*"close".*"open"/s);
  expect(server.asked[2]?.headers['last-event-id']).toBe('6');
});

test('the resilient SSE client heeds retry and Retry-After, asks the first address each time, and stops at 204', async () => {
  const atMs: number[] = [];
  const at = (answer: (response: ServerResponse) => void) => (response: ServerResponse, request: IncomingMessage) => {
    atMs.push(Date.now());
    expect(request.url).toBe('/feed');
    answer(response);
  };
  await using server = await scripted(
    at((response) => stream(response).end('retry: 400\n\n')),
    at((response) => response.writeHead(307, { location: '/elsewhere' }).end()),
    (response) => stream(response).end('data: {"seq":1}\n\n'),
    at((response) => response.writeHead(503, { 'retry-after': '1' }).end()),
    at((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>data: {"seq":3}\n\n')),
    at((response) => stream(response).write('<html>\n\nid: 4\ndata: {"seq":4}\n\n')),
    at((response) => response.writeHead(204).end()),
  );
  await using client = start('sse-client.js', { TARGET_URL: server.url });
  await client.saw(/("retry".*){5}/s);
  while (server.asked.length < 7) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const [a = 0, b = 0, c = 0, d = 0] = atMs;
  expect([b - a >= 400, c - b >= 400, d - c >= 1_000]).toEqual([true, true, true]);
  expect(server.asked.map(({ url }) => url)).toHaveLength(7);
  expect(client.output.match(/"message"/g)).toHaveLength(1);
  expect(client.child.exitCode).toBeNull();
});

test('the resilient SSE client comes back from a stream that froze and from a request that is never answered', async () => {
  const mute = createTcpServer((socket) => void socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/feed`;
  await using waiting = start('sse-client.js', { TARGET_URL: url });
  await waiting.saw(/timed out: no answer.*"retry"/s);
  await using frozen = await scripted((response) => stream(response).flushHeaders());
  await using client = start('sse-client.js', { TARGET_URL: frozen.url, HOLDFAST_SCALE: '0.02' });
  await client.saw(/"open".*timed out: silent.*"close".*"retry".*"open"/s);
  for (const program of [waiting, client]) expect(await program.stopped()).toBe(0);
  mute.close();
});
