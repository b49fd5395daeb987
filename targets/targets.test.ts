import { once } from 'node:events';
import { createServer } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { loadCatalog } from '../harness/catalog.js';
import { start, startServer } from './started';
import { subjects } from './subjects';

const flaws = new Map(
  subjects().flatMap((subject) => (subject.kind === 'flawed' ? [[subject.file, subject.meta] as const] : [])),
);
const ofRole = (role: string) =>
  [...flaws].filter(([file, meta]) => file.startsWith('flawed/websocket/') && meta.role === role).map(([file]) => file);

/** A session that keeps what it got. */
async function connect(host: string, query = '', options = {}) {
  const socket = new WebSocket(`ws://${host}/feed${query}`, options);
  const got: Record<string, unknown>[] = [];
  socket.on('message', (raw) => got.push(JSON.parse(raw.toString())));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  const receive = async (count: number) => {
    while (got.length < count) await once(socket, 'message');
    return got;
  };
  return { socket, closed, receive };
}

const ids = (messages: Record<string, unknown>[]) => messages.map(({ seq }) => seq);

/** They come back without their last id. */
const FORGETFUL = ['flawed/websocket/no-resume.js', 'flawed/websocket/stale-after-reconnect.js'];
const GOODBYES: Record<string, number> = {
  'flawed/websocket/abrupt-shutdown.js': 1006,
  'flawed/websocket/wrong-close-code.js': 1000,
};

test('every check has a flawed target of its protocol, which names it after its own file, without starting', () => {
  const ids = loadCatalog().checks.map(({ id }) => id);
  expect([...flaws.values()].map(({ trips }) => trips).sort()).toEqual(ids.sort());
  for (const [file, { trips, role }] of flaws)
    expect([`flawed/${trips}.js`, `flawed/${trips}.${role}.js`]).toContain(file);
});

test.each(['websocket-server.js', ...ofRole('server')])('%s serves, is healthy and stops on SIGTERM', async (file) => {
  const { program, host } = await startServer(file);
  await using _program = program;
  const { closed, receive } = await connect(host);
  expect(await receive(2)).toContainEqual(expect.objectContaining({ data: expect.any(String) }));
  expect((await fetch(`http://${host}/health`)).status).toBe(200);
  if (file === 'flawed/websocket/hung-shutdown.js') {
    program.child.kill('SIGTERM');
    expect(await closed).toBe(1001);
    expect(program.child.exitCode).toBeNull();
  } else {
    expect(await program.stopped()).toBe(0);
    expect(await closed).toBe(GOODBYES[file] ?? 1001);
  }
});

test.each(['websocket-client.js', ...ofRole('client')])('%s connects, reports and stops on SIGTERM', async (file) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.send('{"seq":7}'));
  await using program = start(file, {
    TARGET_URL: `ws://127.0.0.1:${(server.address() as { port: number }).port}/feed`,
  });
  await program.saw(/"open".*"message","id":7/s);
  const asked = once(server, 'connection');
  for (const socket of server.clients) socket.terminate();
  await program.saw(/"close"/);
  if (file !== 'flawed/websocket/no-reconnect.js') {
    const [, request] = await asked;
    expect(request.url).toBe(FORGETFUL.includes(file) ? '/feed' : '/feed?last=7');
    await program.saw(/"close".*"retry".*"open"/s);
  }
  expect(await program.stopped()).toBe(0);
  server.close();
});

test('the resilient server replays what was missed, once and in order, and resets an unknown cursor', async () => {
  const { program, host } = await startServer('websocket-server.js');
  await using _program = program;
  const [first] = ids(await (await connect(host)).receive(10));
  const back = ids(await (await connect(host, `?last=${first}`)).receive(20));
  expect(back).toEqual(back.map((_, i) => Number(first) + 1 + i));
  for (const cursor of ['1', 'x', '999999999999'])
    expect((await (await connect(host, `?last=${cursor}`)).receive(2))[0]).toMatchObject({ event: 'reset' });
});

test('the resilient server pings when quiet, drops who does not answer, echoes, and refuses a foreign page', async () => {
  const { program, host } = await startServer('websocket-server.js', { QUIET: '1', HOLDFAST_SCALE: '0.02' });
  await using _program = program;
  const mute = await connect(host, '', { autoPong: false });
  const good = await connect(host);
  good.socket.send('{"type":"echo","id":1,"text":"hi"}');
  expect(await good.receive(1)).toEqual([{ type: 'echo', id: 1, text: 'hi' }]);
  await once(good.socket, 'ping');
  expect(await mute.closed).toBe(1006);
  expect(good.socket.readyState).toBe(WebSocket.OPEN);
  await expect(connect(host, '', { origin: 'https://evil.example' })).rejects.toThrow('403');
  good.socket.send(Buffer.alloc(2 * 1024 * 1024));
  expect(await good.closed).toBe(1009);
});

test('the resilient client comes back from a link that froze and from a handshake that is never answered', async () => {
  const server = createServer((socket) => void socket.on('error', () => {}).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}/feed`;
  await using mute = start('websocket-client.js', { TARGET_URL: url });
  await mute.saw(/timed out.*"retry"/s);
  const frozen = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  await once(frozen, 'listening');
  await using client = start('websocket-client.js', {
    TARGET_URL: `ws://127.0.0.1:${(frozen.address() as { port: number }).port}/feed`,
    HOLDFAST_SCALE: '0.02',
  });
  await client.saw(/"open".*"close".*"retry".*"open"/s);
  for (const program of [mute, client]) expect(await program.stopped()).toBe(0);
  server.close();
  frozen.close();
});

test('the resilient server under pressure tells a slow reader to come back later and goes on serving the others', async () => {
  const { program, host } = await startServer('websocket-server.js', { PRESSURE: '1' });
  await using _program = program;
  const slow = await connect(host);
  slow.socket.pause();
  const fast = await connect(host);
  await fast.receive(150);
  expect(fast.socket.readyState).toBe(WebSocket.OPEN);
  slow.socket.resume();
  expect([1013, 1006]).toContain(await slow.closed);
});

describe('a flawed server has its flaw', () => {
  const quiet = { QUIET: '1', HOLDFAST_SCALE: '0.01' };
  const waits = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  test('no-heartbeat does not ping when quiet, and yet drops a session that used to speak', async () => {
    const { program, host } = await startServer('flawed/websocket/no-heartbeat.js', quiet);
    await using _program = program;
    const [idle, spoke] = [await connect(host), await connect(host)];
    let pings = 0;
    idle.socket.on('ping', () => pings++);
    spoke.socket.pong();
    expect(await spoke.closed).toBe(1006);
    expect([pings, idle.socket.readyState]).toEqual([0, WebSocket.OPEN]);
  });

  test('leaked-session pings a client that never answers and keeps it', async () => {
    const { program, host } = await startServer('flawed/websocket/leaked-session.js', quiet);
    await using _program = program;
    const { socket } = await connect(host, '', { autoPong: false });
    for (let i = 0; i < 4; i++) await once(socket, 'ping');
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test('unanswered-ping takes a ping and gives no pong', async () => {
    const { program, host } = await startServer('flawed/websocket/unanswered-ping.js');
    await using _program = program;
    const { socket } = await connect(host);
    const pong = once(socket, 'pong').then(() => 'pong');
    socket.ping('are you there');
    expect(await Promise.race([pong, waits(300)])).toBeUndefined();
  });

  test('no-sequence-id numbers nothing', async () => {
    const { program, host } = await startServer('flawed/websocket/no-sequence-id.js');
    await using _program = program;
    expect(ids(await (await connect(host)).receive(3))).toEqual([undefined, undefined, undefined]);
  });

  test('no-replay leaves a gap after a known cursor and still resets an unknown one', async () => {
    const { program, host } = await startServer('flawed/websocket/no-replay.js');
    await using _program = program;
    const [first] = ids(await (await connect(host)).receive(10));
    const [back] = ids(await (await connect(host, `?last=${first}`)).receive(1));
    expect(Number(back)).toBeGreaterThan(Number(first) + 5);
    expect((await (await connect(host, '?last=1')).receive(1))[0]).toMatchObject({ event: 'reset' });
  });

  test('accepts-while-draining says goodbye, then takes a new client, healthy, and still exits', async () => {
    const { program, host } = await startServer('flawed/websocket/accepts-while-draining.js');
    await using _program = program;
    const old = await connect(host);
    const stopped = program.stopped();
    expect(await old.closed).toBe(1001);
    const late = await connect(host);
    await late.receive(1);
    expect((await fetch(`http://${host}/health`)).status).toBe(200);
    expect(await late.closed).toBe(1001);
    expect(await stopped).toBe(0);
  });

  test('unbounded-message takes 16 MiB in one message', async () => {
    const { program, host } = await startServer('flawed/websocket/unbounded-message.js');
    await using _program = program;
    const { socket } = await connect(host);
    socket.send(Buffer.alloc(16 * 1024 * 1024));
    socket.ping('after it');
    expect(String((await once(socket, 'pong'))[0])).toBe('after it');
  });
});
