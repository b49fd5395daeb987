import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { waitFor } from '../clock.js';
import type { EventBody, Target } from '../contract.js';
import { learnServices, methodOf, servicesOf } from '../grpc-services.js';
import { createObserver } from '../path/observer.js';
import { createRunTimeCa, VALID_DAYS } from '../path/run-time-ca.js';
import type { SessionOptions } from '../scenario.js';
import { STORY_TARGET } from '../story.js';
import { type GrpcSession, openGrpc } from './grpc.js';
import { startGrpcReference } from './grpc-reference.js';
import { reflect } from './grpc-reflection.js';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-grpc-'));
const proto = join(folder, 'news.proto');
writeFileSync(
  proto,
  `syntax = "proto3";
   package news.v1;
   import "google/protobuf/timestamp.proto";
   service News {
     rpc Watch(Ask) returns (stream Item);
     rpc Chat(stream Note) returns (stream Note);
     rpc Upload(stream Note) returns (Count);
     rpc Say(Note) returns (Note);
   }
   message Ask { uint64 after = 1; }
   message Item { uint64 seq = 1; string text = 2; google.protobuf.Timestamp at = 3; }
   message Note { string text = 1; }
   message Count { uint32 notes = 1; }`,
);
const definition = loadSync(proto, { keepCase: true, longs: String });
const { service } = (
  loadPackageDefinition(definition) as unknown as { news: { v1: { News: ServiceClientConstructor } } }
).news.v1.News;

const events: EventBody[] = [];
const calling = (method: string, more: Partial<Target> = {}): Target => ({
  ...STORY_TARGET,
  protocol: 'grpc',
  proto,
  method: `news.v1.News/${method}`,
  ...more,
});
const open = (target: Target, port: number, more: Partial<SessionOptions> = {}) =>
  openGrpc(
    { name: 'one', to: { host: '127.0.0.1', port }, ...more },
    { target, record: (event) => void events.push(event), observer: createObserver('key') },
  );

async function mustOpen(...args: Parameters<typeof open>): Promise<GrpcSession> {
  const opened = await open(...args);
  if ('refused' in opened) throw new Error(opened.reason);
  return opened;
}

type Note = { readonly text: string };

/** Watch sends two items and stays, to whom has no token that is wrong; Chat and Say answer what they get; Upload counts. */
async function serve(credentials = ServerCredentials.createInsecure()) {
  const server = new Server();
  const seen: unknown[] = [];
  new ReflectionService(definition).addToServer(server);
  server.addService(service, {
    Watch(call: ServerWritableStream<{ after: string }, object>) {
      seen.push(call.request);
      if (call.metadata.get('authorization')[0] === 'wrong')
        return void call.emit('error', { code: status.UNAUTHENTICATED, details: 'no such token' });
      if (call.metadata.get('x-silent').length > 0) return;
      for (const seq of [1, 2]) call.write({ seq: Number(call.request.after) + seq, text: 'news', at: { seconds: 5 } });
      if (call.metadata.get('x-short').length > 0) call.end();
    },
    Chat(call: ServerDuplexStream<Note, Note>) {
      call.on('data', (note: Note) => call.write({ text: note.text.toUpperCase() }));
      call.on('end', () => call.end());
    },
    Upload(call: ServerReadableStream<Note, object>, done: sendUnaryData<object>) {
      let notes = 0;
      call.on('data', () => {
        notes += 1;
      });
      call.on('end', () => done(null, { notes }));
    },
    Say(call: ServerUnaryCall<Note, Note>, done: sendUnaryData<Note>) {
      done(null, call.request, new Metadata());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return { server, port, seen, [Symbol.dispose]: () => server.forceShutdown() };
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a session of our own to a gRPC server', () => {
  test('gets the messages of a stream as JSON, and gives the request the fields that are declared', async () => {
    using running = await serve();
    const texts: string[] = [];
    await using session = await mustOpen(calling('Watch'), running.port, {
      slots: [{ in: 'message', text: '{"after":"40"}' }],
      onMessage: ({ payload }) => void texts.push(payload.toString()),
    });
    await waitFor(() => session.received === 2, 5000);
    expect(JSON.parse(texts[1] ?? '')).toEqual({ seq: '42', text: 'news', at: { seconds: '5', nanos: 0 } });
    expect(session.isOpen).toBe(true);
    expect(session.receivedBytes).toBeGreaterThan(20);
    await expect(
      open(calling('Watch'), running.port, { slots: [{ in: 'message', text: '{"since":1}' }] }),
    ).rejects.toMatchObject({ code: 'NO_FIELD' });
  });

  test('says in a bidirectional, a unary and a client-streaming call what it is told to', async () => {
    using running = await serve();
    for (const [method, answer] of [
      ['Chat', 'HOLDFAST 1'],
      ['Say', 'holdfast 1'],
    ] as const) {
      const texts: string[] = [];
      await using session = await mustOpen(calling(method), running.port, {
        onMessage: ({ payload }) => void texts.push((JSON.parse(payload.toString()) as Note).text),
      });
      session.send('holdfast 1');
      session.send(JSON.stringify({ text: 'holdfast 1', type: 'echo' }));
      await waitFor(() => texts.filter((text) => text === answer).length === 2, 5000);
      expect(session.isOpen).toBe(true);
    }
    await using upload = await mustOpen(calling('Upload'), running.port);
    for (let n = 0; n < 3; n++) upload.send(`note ${n}`);
    upload.call.finish();
    await waitFor(() => upload.received, 5000);
    expect(upload.goodbye?.text).toBe('OK: OK');
  });

  test('is refused with the HTTP status that its gRPC status maps to', async () => {
    using running = await serve();
    const refused = await open(
      calling('Watch', { auth: { in: 'header', name: 'Authorization', value: 'wrong' } }),
      running.port,
    );
    expect(refused).toMatchObject({ refused: true, status: 401, reason: 'UNAUTHENTICATED: no such token' });
    expect(await open(calling('Watch'), 1)).toMatchObject({ refused: true, status: undefined });
  });

  test('is open beside a server that has nothing to say, and tells trailers and GOAWAY as its goodbye', async () => {
    using running = await serve();
    const header = (name: string) => [{ in: 'header', name, value: '1' }] as const;
    await using silent = await mustOpen(calling('Watch'), running.port, { slots: header('x-silent') });
    expect(silent.isOpen).toBe(true);
    await using short = await mustOpen(calling('Watch'), running.port, { slots: header('x-short') });
    expect(await short.ended(5000)).toBeDefined();
    expect(short.goodbye?.text).toBe('OK: OK');
    running.server.tryShutdown(() => {});
    expect(await waitFor(() => silent.goodbye, 5000)).toMatchObject({ text: 'GOAWAY' });
  });

  test('leaves by a reset where it is told to abort', async () => {
    using running = await serve();
    await using session = await mustOpen(calling('Watch'), running.port);
    session.pong();
    session.abort();
    expect(await session.ended(5000)).toBeDefined();
  });

  test('records over TLS what passes, since the gate cannot', async () => {
    using ca = createRunTimeCa();
    const { certPem, keyPem } = ca.authority.issue(['localhost'], VALID_DAYS);
    using running = await serve(
      ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(certPem), private_key: Buffer.from(keyPem) }]),
    );
    events.length = 0;
    const secure = calling('Watch', {
      server: { ...STORY_TARGET.server, url: `grpcs://localhost:${running.port}` } as NonNullable<Target['server']>,
      insecure: true,
    });
    await using session = await mustOpen(secure, running.port);
    await waitFor(() => session.received === 2, 5000);
    expect(events).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ type: 'message', dir: 'down', opcode: 'binary', form: 'json' }),
      ]),
    );
  });

  test('shows the certificate that it was given to a server that asks for one, and is refused without', async () => {
    using ca = createRunTimeCa();
    const issued = (name: string) => {
      const { certPem, keyPem } = ca.authority.issue([name], VALID_DAYS);
      const files = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) };
      writeFileSync(files.certFile, certPem);
      writeFileSync(files.keyFile, keyPem);
      return { ...files, pair: { cert_chain: Buffer.from(certPem), private_key: Buffer.from(keyPem) } };
    };
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, ca.authority.certPem);
    const { pair } = issued('localhost');
    using running = await serve(ServerCredentials.createSsl(Buffer.from(ca.authority.certPem), [pair], true));
    const stranger = calling('Watch', {
      server: { ...STORY_TARGET.server, url: `grpcs://localhost:${running.port}` } as NonNullable<Target['server']>,
      caFile,
    });
    expect(await open(stranger, running.port)).toHaveProperty('refused');
    const { certFile, keyFile } = issued('holdfast');
    await using session = await mustOpen({ ...stranger, clientCertificate: { certFile, keyFile } }, running.port);
    expect(await waitFor(() => session.received === 2, 5000)).toBe(true);
  });

  test('meets in the reference server one that numbers its messages and goes on behind the last id', async () => {
    const target = calling('Watch', { resume: { in: 'message', text: '{"after":"{id}"}' } });
    await using reference = await startGrpcReference({ base: 500, pushMs: 20 }, target);
    const seqs: number[] = [];
    const onMessage: NonNullable<SessionOptions['onMessage']> = ({ payload }) =>
      void seqs.push(Number((JSON.parse(payload.toString()) as { seq: string }).seq));
    await using session = await mustOpen(target, reference.port, { onMessage });
    await waitFor(() => session.received >= 3, 5000);
    expect(seqs[2]).toBe((seqs[0] ?? 0) + 2);
    await session[Symbol.asyncDispose]();
    const first = seqs[0] ?? 0;
    seqs.length = 0;
    await using resumed = await mustOpen({ ...target, resume: { in: 'none' } }, reference.port, {
      slots: [{ in: 'message', text: JSON.stringify({ after: String(first) }) }],
      onMessage,
    });
    await waitFor(() => resumed.received >= 2, 5000);
    reference.goAway(1001);
    expect(await waitFor(() => resumed.goodbye, 5000)).toBeDefined();
  });
});

describe('reflection', () => {
  test('tells the services of a server with what they import', async () => {
    using running = await serve();
    const { proto: _, ...target } = calling('Watch');
    const told = await reflect(target, { host: '127.0.0.1', port: running.port });
    learnServices(target, told ?? Buffer.alloc(0));
    expect(methodOf(target)).toMatchObject({ rpc: '/news.v1.News/Watch', pattern: 'server-streaming' });
    expect(servicesOf(target).size).toBe(4);
  });

  test('names the methods that there are where none can be chosen', () => {
    const { method: _, ...target } = calling('Watch');
    expect(() => methodOf(target)).toThrow(
      /--method pkg.Service\/Method: there are news.v1.News\/Watch, news.v1.News\/Chat/,
    );
    expect(() => methodOf(calling('Wait'))).toThrow(/there is no method news.v1.News\/Wait/);
  });
});
