import {
  createServer,
  constants as http2,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { after, every, nowMs } from '../clock.js';
import type { Target } from '../contract.js';
import { type MessageType, type Method, servicesOf } from '../grpc-services.js';
import { OK, RESOURCE_EXHAUSTED, statusNumber, UNAVAILABLE } from '../grpc-status.js';
import { listenOnLoopback } from '../loopback.js';
import { LengthPrefixedReader, lengthPrefixed } from '../path/length-prefixed.js';
import type { ReferenceOptions, ReferenceServer, SilentSession } from '../protocol.js';
import type { Address } from '../scenario.js';
import { GrpcConnection } from './grpc-connection.js';
import { presentedIn } from './grpc-cursor.js';

const HISTORY = 10_000;
/** The shorter of the usual drain windows, 30-60 s. */
const CLOSE_TIMEOUT_MS = 30_000;
/** Longer than any first delay of a client's own. */
const RETRY_MS = 9000;
/** Who names its last id in a bidirectional call does so at once, or only listens. */
const FIRST_MS = 300;
/** For the head of an answer to be on its way. */
const HEAD_MS = 20;
const TRY_AGAIN_LATER = 1013;
/** Reads as fast as clients send, also where a round trip takes long. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const HEALTH = /^\/grpc\.health\.v1\.Health\/(Check|Watch)$/;
/** `HealthCheckResponse { ServingStatus status = 1 }` with SERVING [health.proto]. */
const SERVING = Buffer.from([0x08, 0x01]);

/** A call that receives messages for as long as it is open. */
interface Listener {
  readonly stream: ServerHttp2Stream;
  readonly method: Method;
}

/**
 * Serves every method of the target's .proto: a message every 200 ms where answers stream, behind the last id for who presents it;
 * one message where they do not. Health is SERVING. Without any delay asked of clients: what they do of themselves is to be seen.
 */
export async function startGrpcReference(options: ReferenceOptions, target: Target): Promise<ReferenceServer> {
  const services = servicesOf(target);
  const sessions = new Set<ServerHttp2Session>();
  /** By the client's port: a session gives no access to its own. */
  const sockets = new Map<number | undefined, Socket>();
  const listeners = new Set<Listener>();
  let last = options.base;
  let dropping = false;
  let dropped = 0;

  const tell = ({ stream, method }: Listener, seq: number) => {
    if (stream.writable) stream.write(lengthPrefixed(method.answer.encode(numbered(method.answer, seq, target))));
  };
  const join = (listener: Listener, from: number | undefined) => {
    if (listeners.has(listener) || listener.stream.destroyed) return;
    // What it never gave, 0 among them, is no place to go on from.
    const known = from !== undefined && from >= options.base;
    const first = known ? Math.max(from + 1, last - HISTORY + 1) : last + 1;
    for (let seq = first; seq <= last; seq++) tell(listener, seq);
    listeners.add(listener);
    listener.stream.on('close', () => listeners.delete(listener));
  };
  const serve = (method: Method, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const answersMany = method.pattern === 'server-streaming' || method.pattern === 'bidirectional';
    const listener = { stream, method };
    respond(stream);
    const from = options.resumeFrom?.({
      url: new URL('grpc://reference.invalid'),
      header: (name) => headerOf(headers, name),
    });
    const reader = new LengthPrefixedReader(({ bytes }) => {
      if (answersMany) join(listener, from ?? presentedIn(method.request.decode(bytes), target));
      if (method.pattern === 'unary') tell(listener, ++last);
    });
    let unreadable = false;
    stream.on('data', (bytes: Buffer) => {
      if (unreadable) return;
      try {
        reader.push(bytes);
      } catch {
        unreadable = true;
        finish(stream, RESOURCE_EXHAUSTED);
      }
    });
    if (method.pattern === 'bidirectional') patience.push(after(FIRST_MS, () => join(listener, from)));
    stream.on('end', () => {
      if (answersMany) return;
      if (method.pattern === 'client-streaming') tell(listener, ++last);
      finish(stream, OK);
    });
  };

  const server = createServer({ settings: { initialWindowSize: WINDOW_BYTES } });
  server.on('connection', (socket: Socket) => {
    const { remotePort } = socket;
    sockets.set(remotePort, socket);
    socket.on('close', () => sockets.delete(remotePort));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(WINDOW_BYTES);
    session.on('close', () => sessions.delete(session)).on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (dropping) {
      dropped += 1;
      respond(stream);
      patience.push(after(HEAD_MS, () => sockets.get(stream.session?.socket.remotePort)?.destroy()));
      return;
    }
    const rpc = String(headers[':path']);
    const method = services.get(rpc);
    const health = HEALTH.exec(rpc);
    if (!health && !method) return refuse(stream, statusNumber('UNIMPLEMENTED'));
    if (method) return serve(method, stream, headers);
    respond(stream);
    stream.resume().write(lengthPrefixed(SERVING));
    if (health?.[1] === 'Check') finish(stream, OK);
  });
  const patience: Disposable[] = [];
  const push = every(options.pushMs ?? 200, () => {
    last += 1;
    for (const listener of listeners) tell(listener, last);
  });
  const local = await listenOnLoopback(server as unknown as Parameters<typeof listenOnLoopback>[0]);
  return {
    host: local.host,
    port: local.port,
    get last() {
      return last;
    },
    get dropped() {
      return dropped;
    },
    dropNewcomers() {
      dropping = true;
    },
    goAway(code) {
      const told = [...sessions];
      const asks = code === TRY_AGAIN_LATER;
      const pushback = { 'grpc-retry-pushback-ms': String(Math.round(options.retryMs ?? RETRY_MS)) };
      for (const session of told) session.goaway(http2.NGHTTP2_NO_ERROR);
      for (const { stream } of listeners) finish(stream, UNAVAILABLE, asks ? pushback : {});
      for (const session of told) {
        session.close();
        patience.push(after(options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS, () => session.destroy()));
      }
      return told.length;
    },
    [Symbol.asyncDispose]: async () => {
      push[Symbol.dispose]();
      for (const one of patience) one[Symbol.dispose]();
      for (const session of sessions) session.destroy();
      await local[Symbol.asyncDispose]();
    },
  };
}

function respond(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
}

/** The answer's end, with its trailers. */
function finish(stream: ServerHttp2Stream, status: number, more: Readonly<Record<string, string>> = {}): void {
  if (stream.destroyed || stream.writableEnded) return;
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status), ...more }));
  stream.end();
}

/** Trailers-Only [PROTOCOL-HTTP2.md]. */
function refuse(stream: ServerHttp2Stream, status: number): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status) };
  stream.resume().respond(headers, { endStream: true });
}

/** A message with this number in the field that is its id: the declared one, or the first that takes integers, or text. */
function numbered({ fields }: MessageType, seq: number, { sequence }: Target): Record<string, unknown> {
  const single = fields.filter(({ repeated }) => !repeated);
  const declared = sequence?.replace(/^\//, '');
  const id =
    single.find(({ name }) => name === declared) ??
    single.find(({ kind }) => kind === 'integer') ??
    single.find(({ kind }) => kind === 'text');
  const text = single.find((field) => field.kind === 'text' && field !== id);
  return { ...(text ? { [text.name]: `message ${seq}` } : {}), ...(id ? { [id.name]: String(seq) } : {}) };
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' ? value : undefined;
}

/** Watches its health, which never changes, and hears of its end. */
export async function openSilentGrpc(to: Address): Promise<SilentSession> {
  const connection = new GrpcConnection({ to });
  const { stream } = connection.call({ rpc: '/grpc.health.v1.Health/Watch' });
  await new Promise<void>((resolve, reject) => {
    stream.once('response', () => resolve()).once('error', reject);
  });
  let endedAtMs: number | undefined;
  stream.once('close', () => {
    endedAtMs = nowMs();
  });
  return {
    openedAtMs: nowMs(),
    get endedAtMs() {
      return endedAtMs;
    },
    [Symbol.dispose]: () => void connection[Symbol.asyncDispose](),
  };
}
