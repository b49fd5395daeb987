import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, Socket } from 'node:net';
import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { ask, Feed, Members, type Message, type Note, type Subscription, subscribe } from './feed-service';
import { start, startServer } from './started';
import { subjects } from './subjects';

const flawed = subjects().filter(({ kind, protocol }) => kind === 'flawed' && protocol === 'grpc');
const ofRole = (role: string) => flawed.filter(({ meta }) => meta.role === role).map(({ file }) => file);
const flaws = (...ids: string[]) => ids.map((id) => `flawed/grpc/${id}.js`);

/** A client of the test's own, with a channel to itself. */
function connect(host: string) {
  const client = new Client(host, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

const member = new Metadata();
member.set('authorization', 'Bearer open-sesame');

/** A call of Subscribe that keeps what it gets, until it ends. */
function follow(client: Client, after = 0, method = subscribe, metadata = new Metadata(), options = {}) {
  const { path, requestSerialize, responseDeserialize } = method;
  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    { after },
    metadata,
    options,
  );
  const messages: Message[] = [];
  call.on('data', (message: Message) => messages.push(message)).on('error', () => {});
  const ended = new Promise<StatusObject>((resolve) => call.once('status', resolve));
  return { call, messages, ended };
}

async function receive(
  { call, messages }: { call: ClientReadableStream<Message>; messages: Message[] },
  count: number,
) {
  while (messages.length < count) await once(call, 'data');
  return messages.map(({ seq }) => Number(seq));
}

/** What it answers to one question, or the code that it refuses it by. */
function answerTo<Question, Answer>(client: Client, method: MethodDefinition<Question, Answer>, question: Question) {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise<Answer | number>((resolve) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, question, (error, answer) =>
      resolve(answer ?? error?.code ?? -1),
    ),
  );
}

const check = healthService.Check as MethodDefinition<object, { status: string }>;

type Subscribed = ServerWritableStream<Subscription, Message>;

/** A server whose calls of Subscribe the test answers, one after another. */
async function scripted(...scripts: ((call: Subscribed) => void)[]) {
  const asked: Subscription[] = [];
  const server = new Server();
  server.addService(Feed, {
    Subscribe(call: Subscribed) {
      asked.push(call.request);
      (scripts[asked.length - 1] ?? scripts.at(-1))?.(call);
    },
    Ask: ({ request }: ServerUnaryCall<Note, Message>, reply: (error: null, answer: Message) => void) =>
      reply(null, { id: request.id, data: request.text }),
  } as never);
  const port = await new Promise<number>((resolve) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) => resolve(bound)),
  );
  const url = `grpc://127.0.0.1:${port}`;
  return { asked, url, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}

const fails = (call: Subscribed, code: status, metadata = new Metadata()) =>
  call.emit('error', Object.assign(new Error('scripted'), { code, details: 'scripted', metadata }));

test.each(['grpc-server.js', ...ofRole('server')])('%s serves, is healthy and stops on SIGTERM', async (file) => {
  const { program, host } = await startServer(file);
  await using _program = program;
  using client = connect(host);
  // Some of them end whoever has no credential, on any stream.
  const stream = follow(client, 0, subscribe, member);
  await receive(stream, 2);
  expect(await answerTo(client, check, {})).toMatchObject({ status: 'SERVING' });
  if (flaws('hung-shutdown').includes(file)) {
    program.child.kill('SIGTERM');
    await stream.ended;
    return expect(program.child.exitCode).toBeNull();
  }
  expect(await program.stopped()).toBe(0);
  expect((await stream.ended).code).toBe(status.UNAVAILABLE);
});

test.each(['grpc-client.js', ...ofRole('client')])(
  '%s connects, reports, comes back and stops on SIGTERM',
  async (file) => {
    await using server = await scripted((call) => {
      call.write({ seq: 7, data: 'a' });
      setTimeout(fails, 200, call, status.INTERNAL);
    });
    await using program = start(file, { TARGET_URL: server.url });
    await program.saw(/"open".*"message","id":7.*"close"/s);
    // Of the second it is the flaw: it takes INTERNAL for final.
    if (!flaws('no-reconnect', 'cut-not-retried').includes(file)) {
      await program.saw(/"close".*"retry".*"open"/s);
      if (!flaws('no-resume', 'stale-after-reconnect').includes(file)) expect(server.asked[1]).toEqual({ after: 7 });
    }
    expect(await program.stopped()).toBe(0);
  },
);

test('the resilient gRPC server says on one port what it is, what it counted, and who is no member', async () => {
  const { program, host } = await startServer('grpc-server.js');
  await using _program = program;
  using client = connect(host);
  const members = Members.Subscribe as typeof subscribe;
  const codes = ['', 'Bearer x'].map(async (authorization) => {
    const metadata = new Metadata();
    if (authorization !== '') metadata.set('authorization', authorization);
    return (await follow(client, 0, members, metadata).ended).code;
  });
  expect(await Promise.all(codes)).toEqual([status.UNAUTHENTICATED, status.UNAUTHENTICATED]);
  const stream = follow(client, 0, members, member);
  await receive(stream, 1);
  expect(await answerTo(client, ask, { id: 'a', text: 'b' })).toMatchObject({ id: 'a', data: 'b' });
  expect((await fetch(`http://${host}/health`)).status).toBe(200);
  expect(await (await fetch(`http://${host}/metrics`)).text()).toMatch(/feed_connections 1\n/);
  stream.call.cancel();
  expect((await follow(client, 0, subscribe, new Metadata(), { deadline: Date.now() + 200 }).ended).code).toBe(
    status.DEADLINE_EXCEEDED,
  );
  for (;;) if (/feed_connections 0\n/.test(await (await fetch(`http://${host}/metrics`)).text())) break;
});

test('the resilient gRPC server goes on behind `after`, once and in order, and refuses an unknown one', async () => {
  const { program, host } = await startServer('grpc-server.js');
  await using _program = program;
  using client = connect(host);
  const [first = 0] = await receive(follow(client), 10);
  const back = (await receive(follow(client, first), 20)).slice(0, 20);
  expect(back).toEqual(back.map((_, i) => first + 1 + i));
  for (const after of [1, 999_999_999_999]) expect((await follow(client, after).ended).code).toBe(status.OUT_OF_RANGE);
});

test('the resilient gRPC server under pressure ends a slow reader and goes on serving the others', async () => {
  const { program, host } = await startServer('grpc-server.js', { PRESSURE: '1' });
  await using _program = program;
  using client = connect(host);
  const slow = follow(client);
  slow.call.pause();
  const fast = follow(client);
  await receive(fast, 150);
  slow.call.resume();
  expect((await slow.ended).code).toBe(status.RESOURCE_EXHAUSTED);
  await receive(fast, fast.messages.length + 20);
});

test('the resilient gRPC server refuses one too many and cuts who answers no PING or says nothing', async () => {
  const { program, host } = await startServer('grpc-server.js', { SESSION_LIMIT: '1', HOLDFAST_SCALE: '0.02' });
  await using _program = program;
  using client = connect(host);
  await receive(follow(client), 1);
  expect(await follow(client).ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  const [, port] = host.split(':');
  const says = async (...bytes: string[]) => {
    const socket = new Socket();
    socket
      .connect(Number(port), '127.0.0.1')
      .on('error', () => {})
      .resume();
    for (const byte of bytes) await new Promise<void>((resolve) => socket.write(byte, 'latin1', () => resolve()));
    await once(socket, 'close');
  };
  await Promise.all([says(), says('P', 'R'), says(...'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')]);
});

test('the resilient gRPC client takes each message once, and heeds what the server asks', async () => {
  const atMs: number[] = [];
  const asks = new Metadata();
  asks.set('grpc-retry-pushback-ms', '900');
  const informs = new Metadata();
  // google.rpc.Status { code: 14, details: [RetryInfo { retry_delay: { nanos: 900000000 } }] }
  const info = Buffer.from('0a061080d293ad03', 'hex');
  const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
  const any = Buffer.concat([Buffer.from([0x0a, type.length]), type, Buffer.from([0x12, info.length]), info]);
  informs.set('grpc-status-details-bin', Buffer.concat([Buffer.from([8, 14, 0x1a, any.length]), any]));
  const at = (answer: (call: Subscribed) => void) => (call: Subscribed) => {
    atMs.push(Date.now());
    answer(call);
  };
  await using server = await scripted(
    at((call) => {
      for (const seq of [5, 6, 6, 5]) call.write({ seq, data: 'a' });
      fails(call, status.UNAVAILABLE, asks);
    }),
    at((call) => fails(call, status.RESOURCE_EXHAUSTED, informs)),
    at((call) => fails(call, status.OUT_OF_RANGE)),
    at((call) => call.write({ seq: 2, data: 'a' })),
  );
  await using client = start('grpc-client.js', { TARGET_URL: server.url });
  await client.saw(/"id":2}.*"acked"/s);
  const [a = 0, b = 0, c = 0] = atMs;
  expect([b - a >= 900, c - b >= 900]).toEqual([true, true]);
  expect(server.asked).toEqual([0, 6, 6, 0].map((after) => ({ after })));
  expect([...client.output.matchAll(/"message","id":(\d+)/g)].map(([, id]) => id)).toEqual(['5', '6', '2']);
});

test('the resilient gRPC client gives up a connection that is never answered, and one that froze', async () => {
  const sockets: Socket[] = [];
  const mute = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => {}).resume());
  }).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const url = `grpc://127.0.0.1:${(mute.address() as AddressInfo).port}`;
  await using client = start('grpc-client.js', { TARGET_URL: url });
  while (sockets.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(client.output).not.toContain('"open"');
  expect(await client.stopped()).toBe(0);
  mute.close();
  const { program, host } = await startServer('grpc-server.js', { QUIET: '1' });
  await using frozen = program;
  await using watchful = start('grpc-client.js', { TARGET_URL: `grpc://${host}`, HOLDFAST_SCALE: '0.02' });
  await watchful.saw(/"open"/);
  frozen.child.kill('SIGSTOP');
  await watchful.saw(/"close"/);
});
