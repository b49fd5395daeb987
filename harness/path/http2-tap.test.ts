import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  compressionAlgorithms,
  credentials,
  type Client as GrpcClient,
  Server as GrpcServer,
  Metadata,
  makeClientConstructor,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { until, wallMs } from '../clock.js';
import type { EventBody } from '../contract.js';
import { openGate } from './gate.js';
import { tapGrpc } from './http2-tap.js';
import { createObserver } from './observer.js';

const observer = createObserver('key');
/** Field 1 as a varint below 128. */
const numbered = (seq: number) => Buffer.from([0x08, seq]);
const framed = (message: Buffer, flag = 0) => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};
const unknown = () => undefined;
const GRPC = { ':method': 'POST', ':path': '/pkg.Feed/Watch', 'content-type': 'application/grpc', te: 'trailers' };

async function openTapped(port: number, decode: Parameters<typeof tapGrpc>[0] = unknown) {
  const events: EventBody[] = [];
  const upstream = { host: '127.0.0.1', port };
  const gate = await openGate({
    name: 'g',
    upstream,
    record: (event) => events.push(event),
    tap: tapGrpc(decode),
    observer,
  });
  const of = <T extends EventBody['type']>(type: T) =>
    events.filter((event): event is Extract<EventBody, { type: T }> => event.type === type);
  return { gate, events, of, [Symbol.asyncDispose]: () => gate[Symbol.asyncDispose]() };
}

/** A server of node:http2 behind a gate, and a session to it. */
async function openPair(
  onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void,
  options: { readonly server?: object; readonly client?: object } = {},
) {
  const server: Http2Server = createServer(options.server ?? {});
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tapped = await openTapped((server.address() as AddressInfo).port);
  const client: ClientHttp2Session = connect(`http://127.0.0.1:${tapped.gate.port}`, options.client ?? {});
  client.on('error', () => undefined);
  await once(client, 'connect');
  return {
    ...tapped,
    client,
    sessions,
    request(headers: Record<string, unknown> = {}, settings = {}): ClientHttp2Stream {
      const stream = client.request({ ...GRPC, ...headers } as never, settings);
      stream.on('error', () => undefined);
      stream.resume();
      return stream;
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
      await tapped.gate[Symbol.asyncDispose]();
    },
  };
}

const soon = <T>(what: string, condition: () => T) => until(what, condition, 5000, { stepMs: 2 });

describe('the tap of gRPC between node:http2 programs', () => {
  test('knows a connection without a call from one with a call that is not answered yet', async () => {
    await using pair = await openPair((stream) => void stream.resume());
    await soon('both sides settle', () => pair.of('frame').filter(({ ack }) => ack).length === 2);
    const [connection] = pair.gate.live;
    expect([connection?.served, connection?.called]).toEqual([false, false]);
    const call = pair.request();
    await soon('the call is made', () => pair.of('handshake').length === 1);
    expect([connection?.served, connection?.called]).toEqual([false, true]);
    call.close(constants.NGHTTP2_CANCEL);
    await soon('the call is cancelled', () => pair.of('frame').some(({ frame }) => frame === 'RST_STREAM'));
    expect(connection?.called).toBe(false);
  });

  test('tells a call from its request to its trailers', async () => {
    await using pair = await openPair((stream) => {
      stream.respond({ 'content-type': 'application/grpc', server: 'x', 'set-cookie': 's' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '8', 'grpc-message': 'too much' }));
      stream.write(framed(numbered(7)));
      stream.end(framed(Buffer.alloc(0)));
    });
    const call = pair.request({ 'grpc-timeout': '1500m', 'last-event-id': '41' });
    call.end(framed(Buffer.from([0x0a, 0x02, 0x68, 0x69])));
    await soon('the call ends', () => pair.of('trailers').length > 0 && pair.of('message').length >= 5);
    const [up, down] = pair.of('handshake');
    expect(up).toMatchObject({ dir: 'up', stream: 1, rpc: '/pkg.Feed/Watch', deadlineMs: 1500 });
    expect(up?.fields).toMatchObject({ 'last-event-id': { number: 41 } });
    expect(up?.fields).not.toHaveProperty([':path']);
    expect(down).toMatchObject({ dir: 'down', stream: 1, status: 200, opens: true });
    expect(down?.headers).toEqual({ 'content-type': 'application/grpc', server: 'x' });
    expect(pair.of('trailers')).toMatchObject([
      { stream: 1, grpcStatus: 8, fields: { 'grpc-message': { length: 8 } } },
    ]);
    const of = (dir: string) => pair.of('message').filter((message) => message.dir === dir);
    expect(of('up')).toMatchObject([
      { opcode: 'binary', stream: 1, bytes: 4, form: 'json', fields: { '/f1': { length: 2 } } },
      { opcode: 'close', stream: 1 },
    ]);
    expect(of('down')).toMatchObject([
      { opcode: 'binary', stream: 1, bytes: 2, hash: observer.hash(numbered(7)), fields: { '/f1': 7 } },
      { opcode: 'binary', bytes: 0, form: 'empty' },
      { opcode: 'close', stream: 1 },
    ]);
  });

  test('tells an answer of trailers alone, and one that is none of gRPC', async () => {
    await using pair = await openPair((stream, headers) => {
      if (headers['x-page']) {
        stream.respond({ ':status': 503, 'content-type': 'text/html', 'retry-after': '3' });
        stream.end('<html>');
      } else stream.respond({ 'content-type': 'application/grpc', 'grpc-status': '16' }, { endStream: true });
    });
    pair.request().end();
    await soon('the first ends', () => pair.of('trailers').length === 1);
    pair.request({ 'x-page': '1' }).end();
    await soon('both end', () => pair.of('trailers').length === 2);
    const answers = pair.of('handshake').filter(({ dir }) => dir === 'down');
    expect(answers).toMatchObject([
      { stream: 1, status: 200 },
      { stream: 3, status: 503, headers: { 'retry-after': '3' } },
    ]);
    expect(answers.some(({ opens }) => opens)).toBe(false);
    expect(pair.of('trailers')[0]).toMatchObject({ stream: 1, grpcStatus: 16 });
    expect(pair.of('trailers')[1]).not.toHaveProperty('grpcStatus');
    expect(pair.of('message').every(({ opcode }) => opcode === 'close')).toBe(true);
  });

  test('tells SETTINGS, PING and its answer, WINDOW_UPDATE, RST_STREAM and GOAWAY', async () => {
    await using pair = await openPair((stream) => stream.respond({ 'content-type': 'application/grpc' }), {
      client: { settings: { initialWindowSize: 100_000, maxConcurrentStreams: 7 } },
    });
    const call = pair.request();
    await once(call, 'response');
    await new Promise((resolve) => pair.client.ping(resolve));
    pair.client.setLocalWindowSize(200_000);
    call.close(constants.NGHTTP2_CANCEL);
    await soon('the reset is seen', () => pair.of('frame').some(({ frame }) => frame === 'RST_STREAM'));
    pair.sessions[0]?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 1, Buffer.from('too_many_pings'));
    await soon('GOAWAY is seen', () => pair.of('frame').some(({ frame }) => frame === 'GOAWAY'));
    const frames = pair.of('frame');
    expect(frames[0]).toMatchObject({
      ...{ dir: 'up', frame: 'SETTINGS', stream: 0 },
      settings: { SETTINGS_INITIAL_WINDOW_SIZE: 100_000, SETTINGS_MAX_CONCURRENT_STREAMS: 7 },
    });
    const of = (name: string, from?: string) =>
      frames.filter(({ frame, dir }) => frame === name && (from === undefined || dir === from));
    expect(of('SETTINGS').filter(({ ack }) => ack)).toHaveLength(2);
    expect(of('PING')).toMatchObject([{ dir: 'up' }, { dir: 'down', ack: true }]);
    expect(of('WINDOW_UPDATE')).toMatchObject([{ dir: 'up', stream: 0, increment: 200_000 - 65_535 }]);
    // Each side may answer with one of its own.
    expect(of('RST_STREAM', 'up')).toMatchObject([{ dir: 'up', stream: 1, code: 8 }]);
    expect(of('GOAWAY', 'down')).toMatchObject([{ dir: 'down', code: 11, lastStream: 1 }]);
    const connectionWide = pair
      .of('message')
      .filter(({ stream, opcode, dir }) => stream === undefined && (opcode !== 'close' || dir === 'down'));
    expect(connectionWide).toMatchObject([
      { dir: 'up', opcode: 'ping', bytes: 8 },
      { dir: 'down', opcode: 'pong', bytes: 8 },
      { dir: 'down', opcode: 'close', bytes: 14 },
    ]);
  });

  test('reads every header block: Huffman, dynamic tables of any size, secrets, continuations', async () => {
    const got: Record<string, unknown>[] = [];
    const answered: Record<string, string>[] = [];
    const maxHeaderListPairs = 2000;
    await using pair = await openPair(
      (stream, headers) => {
        got.push(headers);
        const answer = metadata(got.length + 1000);
        answered.push(answer);
        stream.respond({ 'content-type': 'application/grpc', ...answer }, { endStream: true });
      },
      {
        server: {
          maxHeaderListPairs,
          settings: { headerTableSize: 20_000, maxHeaderListSize: 1e6 },
          maxSessionMemory: 100,
        },
        client: {
          maxHeaderListPairs,
          settings: { headerTableSize: 0, maxHeaderListSize: 1e6 },
          maxSendHeaderBlockLength: 1e6,
        },
      },
    );
    const sent: Record<string, string>[] = [];
    const sensitive = { authorization: 'Bearer very secret' };
    for (let i = 0; i < 200; i++) {
      const headers = i === 100 ? { 'x-big': randomBytes(30_000).toString('hex') } : metadata(i);
      sent.push(headers);
      const call = pair.request({
        ...headers,
        ...sensitive,
        [Symbol.for('nodejs.http2.sensitiveHeaders')]: ['authorization'],
      });
      call.end();
      await once(call, 'close');
      // The encoder of the other side tells the change of its table in its next block.
      if (i === 50) pair.client.settings({ headerTableSize: 60_000 });
      if (i === 120) pair.sessions[0]?.settings({ headerTableSize: 100 });
    }
    expect(pair.of('undecodable')).toEqual([]);
    const kept = (headers: Record<string, string>) =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, observer.scalar(value)]));
    const told = (dir: string) => pair.of('handshake').filter((event) => event.dir === dir);
    expect(told('up')).toHaveLength(200);
    expect(told('down')).toHaveLength(200);
    for (const [i, headers] of sent.entries())
      expect(told('up')[i]?.fields).toMatchObject(kept({ ...headers, ...sensitive }));
    for (const [i, headers] of answered.entries()) expect(told('down')[i]?.fields).toMatchObject(kept(headers));
  });

  test('keeps size and hash alone of a large message, and reads what is compressed', async () => {
    const large = Buffer.alloc(300_000, 7);
    await using pair = await openPair((stream) => {
      stream.respond({ 'content-type': 'application/grpc+proto', 'grpc-encoding': 'gzip' });
      stream.write(framed(large));
      stream.write(framed(large));
      stream.write(framed(gzipSync(numbered(9)), 1));
      stream.write(framed(Buffer.from('no gzip'), 1));
      stream.write(framed(gzipSync(Buffer.alloc(5_000_000)), 1));
    });
    pair.request();
    const messages = await soon('all came', () => pair.of('message').length === 5 && pair.of('message'));
    expect(messages).toMatchObject([
      { bytes: 300_000, form: 'opaque' },
      { bytes: 300_000, form: 'opaque' },
      { form: 'json', fields: { '/f1': 9 }, bytes: gzipSync(numbered(9)).length },
      { form: 'opaque', bytes: 7 },
      { form: 'opaque' },
    ]);
    const [one, other] = messages || [];
    expect(one?.hash).toBe(other?.hash);
  });

  test('says once that a body is none of gRPC, and goes on with the frames and the other calls', async () => {
    await using pair = await openPair((stream, headers) => {
      stream.respond({ 'content-type': 'application/grpc' });
      stream.write(headers['x-bad'] ? 'certainly no message' : framed(numbered(1)));
    });
    pair.request({ 'x-bad': '1' });
    pair.request({ 'x-bad': '1' });
    pair.request();
    await soon('the good one came', () => pair.of('message').length > 0);
    expect(pair.of('undecodable')).toMatchObject([{ dir: 'down', reason: expect.stringContaining('compressed flag') }]);
    expect(pair.of('message')).toMatchObject([{ stream: 5, fields: { '/f1': 1 } }]);
  });

  test('lets whole frames of our own in between two of the server’s', async () => {
    await using pair = await openPair((stream) => {
      stream.respond({ 'content-type': 'application/grpc' });
      stream.write(framed(numbered(1)));
    });
    const call = pair.request();
    await once(call, 'response');
    const goaway = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    const heard = once(pair.client, 'goaway');
    expect(pair.gate.live[0]?.insertDown(goaway)).toBe(true);
    expect((await heard).slice(0, 2)).toEqual([0, 0x7fffffff]);
  });

  test('lets a message of our own in between two of a call’s, and in no other call', async () => {
    await using pair = await openPair((stream) => {
      stream.respond({ 'content-type': 'application/grpc' });
      stream.write(framed(numbered(1)));
      // The head of a message that is longer than what comes of it.
      stream.once('data', () => stream.write(Buffer.from([0, 0, 0, 0, 9, 1])));
    });
    const call = pair.request();
    const bytes: Buffer[] = [];
    call.on('data', (piece: Buffer) => bytes.push(piece));
    const length = () => Buffer.concat(bytes).length;
    await soon('the first came', () => length() === 7);
    const [connection] = pair.gate.live;
    expect(connection?.insertDown(framed(numbered(2)), 3)).toBe(false);
    expect(connection?.insertDown(framed(numbered(2)), 1)).toBe(true);
    await soon('ours came', () => length() === 14);
    expect(Buffer.concat(bytes)).toEqual(Buffer.concat([framed(numbered(1)), framed(numbered(2))]));
    call.write('go on');
    await soon('half a message came', () => length() === 20);
    expect(connection?.insertDown(framed(numbered(3)), 1)).toBe(false);
    call.close();
    await soon('it was reset', () => pair.of('frame').some(({ frame }) => frame === 'RST_STREAM'));
    expect(connection?.insertDown(framed(numbered(3)), 1)).toBe(false);
  });
});

/** Names and values that recur, that change, and that Huffman makes longer or shorter. */
function metadata(i: number): Record<string, string> {
  return {
    'x-same': 'always the same',
    'x-count': `n${i}`,
    [`x-name-${i % 7}`]: `value ${i % 5}`,
    'x-odd': '~!"#{}<>\\|^`'.repeat(1 + (i % 3)),
    'x-long': 'abc'.repeat(i % 400),
    'key-bin': randomBytes(1 + (i % 90)).toString('base64'),
  };
}

describe('the tap of gRPC between programs of grpc-js', () => {
  const pass = (bytes: Buffer) => bytes;
  const service: ServiceDefinition = {
    Watch: {
      ...{ path: '/pkg.Feed/Watch', requestStream: true, responseStream: true, originalName: 'watch' },
      ...{ requestSerialize: pass, requestDeserialize: pass, responseSerialize: pass, responseDeserialize: pass },
    },
  };

  async function openCalls(onCall: (call: ServerDuplexStream<Buffer, Buffer>) => void, options = {}) {
    const server = new GrpcServer(options);
    server.addService(service, { Watch: onCall as never });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    const decode = (rpc: string, dir: string, bytes: Buffer) =>
      bytes[0] === 8 ? { rpc, dir, seq: bytes[1] } : undefined;
    const tapped = await openTapped(port, decode);
    const client: GrpcClient = new (makeClientConstructor(service, 'Feed'))(
      `127.0.0.1:${tapped.gate.port}`,
      credentials.createInsecure(),
      options,
    );
    const call = (metadata = new Metadata(), deadline?: Date) => {
      const made = client.makeBidiStreamRequest('/pkg.Feed/Watch', pass, pass, metadata, deadline ? { deadline } : {});
      made.on('error', () => undefined);
      made.resume();
      return made;
    };
    return {
      ...tapped,
      call,
      async [Symbol.asyncDispose]() {
        client.close();
        server.forceShutdown();
        await tapped.gate[Symbol.asyncDispose]();
      },
    };
  }

  test('decodes by the target’s types first, and ends as they do', async () => {
    await using rig = await openCalls((call) => {
      call.on('data', (bytes: Buffer) => call.write(bytes));
      call.on('end', () => call.end());
    });
    const metadata = new Metadata();
    metadata.set('last-seq', '12');
    const call = rig.call(metadata, new Date(wallMs() + 20_000));
    for (let seq = 1; seq <= 20; seq++) call.write(numbered(seq));
    call.end(Buffer.from([0x12, 0x01, 0x78]));
    await soon('the call is over', () => rig.of('trailers').length > 0 && rig.of('message').length === 44);
    const [up] = rig.of('handshake');
    expect(up).toMatchObject({ rpc: '/pkg.Feed/Watch', fields: { 'last-seq': { number: 12 } } });
    expect(up?.deadlineMs).toBeGreaterThan(15_000);
    expect(up?.deadlineMs).toBeLessThanOrEqual(20_000);
    expect(rig.of('trailers')).toMatchObject([{ grpcStatus: 0 }]);
    for (const dir of ['up', 'down'] as const) {
      const messages = rig.of('message').filter((message) => message.dir === dir);
      expect(messages.flatMap(({ fields }) => (fields?.['/seq'] === undefined ? [] : [fields['/seq']]))).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
      expect(messages.at(-2)?.fields).toMatchObject({ '/f2': { length: 1 } });
      expect(messages.at(-1)).toMatchObject({ opcode: 'close', stream: 1 });
    }
  });

  test('tells a status of an error, and a cancelled call', async () => {
    await using rig = await openCalls((call) => {
      if (call.metadata.get('fail').length > 0) call.emit('error', { code: 14, details: 'gone' } as ServiceError);
      else call.write(numbered(1));
    });
    const metadata = new Metadata();
    metadata.set('fail', '1');
    rig.call(metadata).end();
    await soon('it failed', () => rig.of('trailers').length > 0);
    expect(rig.of('trailers')).toMatchObject([{ stream: 1, grpcStatus: 14 }]);
    const second = rig.call();
    await soon('a message came', () => rig.of('message').some(({ opcode }) => opcode === 'binary'));
    second.cancel();
    await soon('it is reset', () => rig.of('frame').some(({ frame, code }) => frame === 'RST_STREAM' && code === 8));
  });

  test('reads messages that grpc-js compressed', async () => {
    await using rig = await openCalls((call) => void call.on('data', (bytes: Buffer) => call.write(bytes)), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    });
    const call = rig.call();
    call.write(numbered(5));
    const came = () => rig.of('message').filter(({ opcode }) => opcode === 'binary');
    await soon('it came back', () => came().length === 2);
    expect(came()).toMatchObject([{ fields: { '/seq': 5 } }, { fields: { '/seq': 5 } }]);
  });
});

describe('the tap of gRPC before what is no HTTP/2', () => {
  function tap() {
    const events: EventBody[] = [];
    return { events, tapped: tapGrpc(unknown)('g', 1, (event) => events.push(event), observer) };
  }

  test.each([1, 1000])('reads the page of an edge in pieces of %d bytes', (size) => {
    const { events, tapped } = tap();
    const page = Buffer.from('HTTP/1.1 502 Bad Gateway\r\nServer: edge\r\nX-Y: z\r\n\r\n<html>');
    for (let at = 0; at < page.length; at += size) tapped.down(page.subarray(at, at + size), 1);
    expect(events).toMatchObject([{ type: 'handshake', dir: 'down', status: 502, headers: { server: 'edge' } }]);
    expect(events[0]).not.toHaveProperty('opens');
    expect(tapped.betweenMessages).toBe(false);
  });

  test('says once a direction that it cannot be read', () => {
    const { events, tapped } = tap();
    for (const text of ['GET / HTTP/1.1\r\n\r\n', 'more']) tapped.up(Buffer.from(text), 1);
    for (const text of ['SSH-2.0-x\r\n', 'more']) tapped.down(Buffer.from(text), 1);
    expect(events).toMatchObject([
      { type: 'undecodable', dir: 'up' },
      { type: 'undecodable', dir: 'down' },
    ]);
    expect(events).toHaveLength(2);
  });

  test('never throws at noise, behind a good beginning or without one', () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    for (let i = 0; i < 500; i++) {
      const { tapped } = tap();
      const noise = randomBytes(60);
      // A frame that may be one.
      if (i % 2) noise.set([0, 0, i % 40, i % 10, i % 64, 0, 0, 0, i % 3]);
      expect(() => tapped.up(Buffer.concat([preface, settings, noise]), 1)).not.toThrow();
      expect(() => tapped.down(i % 5 ? Buffer.concat([settings, noise]) : noise, 1)).not.toThrow();
    }
  });
});
