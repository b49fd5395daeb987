/**
 * The resilient gRPC server: one feed of numbered messages to everyone (feed.proto). It pings, goes on behind `after`, ends who
 * cannot keep up, keeps to deadlines and cancellations, has grpc.health.v1 and reflection, speaks gRPC-Web, says goodbye. Plain GET /health
 * tells whether it serves, /metrics what it counted, on the same port.
 * Environment: PORT, HOST, HOLDFAST_SCALE; PUSH_MS (200); QUIET=1 sends nothing by itself; PRESSURE=1 sends 4 MB/s to each;
 * SESSION_LIMIT (500) is what one address may have open.
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { BRIEF_MS } from './admission';
import { createFeed } from './feed';
import { Feed, feedPackage, Members, type Message, type Note, type Ordered, type Subscription } from './feed-service';
import { type Admission, addressOf, admission } from './grpc-admission';
import { type Behaviour, end, memberToken, pushMs, type Refusal, resilient, type Stream, send } from './grpc-behaviour';
import { bridge, isGrpcWeb } from './grpc-web';
import { OpenByAddress, withinRate } from './limits';
import { counts, observe } from './metrics';
import { onePort } from './one-port';
import { Orders } from './orders';
import { scaledMs } from './program';

export const meta = { role: 'server', trips: null } as const;

const { PORT = '8080', HOST = '127.0.0.1', QUIET } = process.env;
const feeding = QUIET !== '1';

export function startServer(flaw: Partial<Behaviour> = {}, at = { host: HOST, port: Number(PORT) }): void {
  const behaviour: Behaviour = { ...resilient, ...flaw };
  const feed = createFeed(behaviour.first);
  const orders = new Orders(10_000, behaviour.executesOnce);
  const streams = new Set<Stream>();
  const open = new OpenByAddress();
  const calls: Admission['calls'] = new Set();
  const health = new HealthImplementation({ '': 'SERVING', 'holdfast.feed.v1.Feed': 'SERVING' });
  let draining = false;

  function join(call: Call, after = 0): Stream {
    const stream: Stream = { call, backlogBytes: 0 };
    const graceMs = memberToken(call.metadata) === 'brief' ? behaviour.tokenGraceMs : null;
    const expire = () => end(stream, { ...plain, code: status.UNAUTHENTICATED, details: 'token expired' });
    const expiry = graceMs === null ? undefined : setTimeout(expire, BRIEF_MS + scaledMs(graceMs));
    open.hold(call, addressOf(call));
    counts.active += 1;
    counts.connects += 1;
    // Destroyed, it drops what it has not sent.
    call.once('cancelled', () => call.destroy());
    call.once('close', () => {
      clearTimeout(expiry);
      if (behaviour.uncounts(call.cancelled)) counts.active -= 1;
      behaviour.left(() => streams.delete(stream));
    });
    const missed = after > 0 ? feed.since(String(after)) : [];
    if (after > 0) counts.resumed += 1;
    if (missed === undefined && behaviour.resets) {
      end(stream, { ...plain, code: status.OUT_OF_RANGE, details: 'cursor unknown or too old' });
      return stream;
    }
    call.sendMetadata(new Metadata());
    if (behaviour.replays) for (const message of missed ?? []) send(stream, behaviour.form(message));
    streams.add(stream); // Live from here: the replay came wholly before.
    return stream;
  }

  /** Takes the notes of a call, as many a second as it may send. */
  function take(call: Notes, answer: (note: Note) => void, refuse: (refusal: Refusal) => void): void {
    const inTime = withinRate(behaviour.messageLimit);
    call.on('data', (note: Note) => {
      if (!inTime()) return refuse({ ...plain, ...behaviour.tooMany });
      const start = performance.now();
      answer(note);
      counts.received += 1;
      observe((performance.now() - start) / 1_000);
    });
  }

  const server = new Server({
    ...behaviour.options,
    interceptors: [admission({ behaviour, open, isDraining: () => draining, calls })],
  });
  const subscribe = (call: ServerWritableStream<Subscription, Message>) => void join(call, call.request.after);
  server.addService(Members, { Subscribe: subscribe });
  server.addService(Feed, {
    Subscribe: subscribe,
    Talk(call: ServerDuplexStream<Note, Message>) {
      const stream = join(call);
      const answer = (note: Note) => behaviour.deliver(answerTo(note), [stream]);
      take(call, answer, (refusal) => end(stream, refusal));
      call.once('end', () => end(stream, plain));
    },
    Publish(call: ServerReadableStream<Note, { notes: number }>, callback: sendUnaryData<{ notes: number }>) {
      let notes = 0;
      take(call, () => void notes++, callback);
      call.once('end', () => callback(null, { notes }));
    },
    Ask({ request }: ServerUnaryCall<Note, Message>, callback: sendUnaryData<Message>) {
      counts.received += 1;
      callback(null, answerTo(request));
    },
    Order({ request }: ServerUnaryCall<Note, Ordered>, callback: sendUnaryData<Ordered>) {
      callback(null, behaviour.ordered(JSON.parse(orders.answer(request.id)) as Ordered));
    },
  });
  health.addToServer(server);
  new ReflectionService(feedPackage).addToServer(server);

  async function farewell(): Promise<void> {
    const leaving = [...streams];
    const gapMs = scaledMs(behaviour.drainMs) / leaving.length;
    for (const [i, stream] of leaving.entries()) setTimeout(behaviour.goodbye, i * gapMs, stream);
    while (leaving.some((stream) => streams.has(stream))) await sleep(20);
    for (const call of calls) call.end();
    while (calls.size > 0) await sleep(20);
  }

  async function stop(): Promise<void> {
    behaviour.leaves(health);
    await sleep(scaledMs(behaviour.admitsMs));
    draining = true;
    const patience = setTimeout(() => server.forceShutdown(), scaledMs(behaviour.patienceMs));
    // GOAWAY to all; who asks for its health meanwhile, on a new connection, is told.
    const sayGoaway = () => connections.drain(scaledMs(behaviour.patienceMs));
    if (behaviour.saysGoaway) sayGoaway();
    const said = Promise.all([farewell(), sleep(scaledMs(behaviour.drainMs))]);
    await Promise.race([said, sleep(scaledMs(behaviour.patienceMs))]);
    if (!behaviour.saysGoaway) sayGoaway();
    tcp.close();
    server.tryShutdown(() => {
      clearTimeout(patience);
      if (behaviour.exits) process.exit(0);
    });
  }

  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const headMs = scaledMs(behaviour.handshakeMs);
  const limits = { headersTimeout: headMs, requestTimeout: headMs, connectionsCheckingInterval: 1_000 };
  const http = createServer(limits, (request, response) => {
    const { url } = request;
    if (behaviour.speaksToBrowsers && isGrpcWeb(request)) return bridge(request, response, `${at.host}:${at.port}`);
    if (url === '/metrics') return response.end(behaviour.metrics());
    response.writeHead(url !== '/health' ? 404 : draining ? 503 : 200, { connection: 'close' }).end();
  });
  const tcp = onePort(http, (socket) => connections.injectConnection(socket), headMs);
  tcp.listen({ ...at, backlog: 4096 }, () => console.log(JSON.stringify(tcp.address())));

  const push = () => {
    const start = performance.now();
    behaviour.deliver(behaviour.form(feed.push()), streams);
    observe((performance.now() - start) / 1_000);
  };
  if (feeding) setInterval(push, pushMs);
  else setInterval(() => streams.forEach(behaviour.beat), scaledMs(behaviour.beatMs));
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

type Call = ServerWritableStream<Subscription, Message> | ServerDuplexStream<Note, Message>;
type Notes = ServerDuplexStream<Note, Message> | ServerReadableStream<Note, { notes: number }>;

const plain: Refusal = { code: status.OK, details: '', metadata: new Metadata() };
const answerTo = ({ id, text }: Note): Message => ({ id, data: text });
if (require.main === module) startServer();
