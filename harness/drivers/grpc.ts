import { constants as http2 } from 'node:http2';
import { nowMs, waitFor } from '../clock.js';
import { methodOf } from '../grpc-services.js';
import { httpStatusOf, OK } from '../grpc-status.js';
import { notRead } from '../lost.js';
import { lengthPrefixed } from '../path/length-prefixed.js';
import { isSecure, protocolNamed, type SessionTools } from '../protocol.js';
import type { Goodbye, ReceivedMessage, Refusal, Session, SessionEnd, SessionOptions } from '../scenario.js';
import type { Call, CallEnd } from './grpc-call.js';
import { GrpcConnection } from './grpc-connection.js';
import { fieldsOf, saying } from './grpc-request.js';
import { headersOf, slotsOf, urlFor } from './request.js';

const OPEN_MS = 10_000;
/** Servers send the answer's head with its first message: one that takes the call and has nothing to say is known by its silence. */
const REFUSES_MS = 250;
const STEP_MS = 5;

function wordsOf(code: number): string {
  return code === http2.NGHTTP2_ENHANCE_YOUR_CALM ? 'GOAWAY with ENHANCE_YOUR_CALM' : 'GOAWAY';
}

/** A session of ours with what gRPC's own scenarios need beside it. */
export interface GrpcSession extends Session {
  readonly connection: GrpcConnection;
  /** The call in which it receives; of unary methods the last one. */
  readonly call: Call;
}

export function isGrpcSession(session: Session): session is GrpcSession {
  return 'call' in session;
}

/**
 * One HTTP/2 connection with one call of the target's method; of a unary one a call at the opening and one for each message that is
 * sent. Open once the answer's HEADERS are there, or the server has settled the connection and not ended the call.
 */
export async function openGrpc(
  options: SessionOptions,
  { target, record, observer }: SessionTools,
): Promise<GrpcSession | Refusal> {
  const method = methodOf(target);
  // Of one request: a declared subscription names fields of it that are needed whatever else is presented.
  const slots = [...(target.subscribe ? [target.subscribe] : []), ...slotsOf({ ...options, bare: true }, target)];
  const sends = method.pattern === 'client-streaming' || method.pattern === 'bidirectional';
  const secure = isSecure(urlFor(target, options, []).href);
  const startedMs = nowMs();
  const listeners: ((message: ReceivedMessage) => void)[] = options.onMessage ? [options.onMessage] : [];
  const tap = secure && !options.silent ? protocolNamed(target.protocol).tap(target) : undefined;
  const connection = new GrpcConnection({
    ...options,
    target,
    ...(tap ? { tap: tap(options.name, 1, record, observer) } : {}),
  });
  const metadata = {
    ...headersOf(slots),
    ...(options.origin === undefined ? {} : { origin: options.origin }),
  };
  let received = 0;
  let openedAtMs = 0;
  let refusal: string | undefined;
  let unread = false;
  let end: SessionEnd | undefined;

  const onMessage = (bytes: Buffer, atMs: number) => {
    received += 1;
    if (listeners.length === 0) return;
    let payload = bytes;
    try {
      payload = Buffer.from(JSON.stringify(method.answer.decode(bytes)));
    } catch {
      // Of another type than the file says: its bytes are all that is known.
    }
    for (const listener of listeners) listener({ atMs, payload, binary: payload === bytes });
  };
  const start = (fields: object): Call => {
    const onUnread = (why: string) => {
      unread = true;
      record(notRead(why));
    };
    const call = connection.call({ rpc: method.rpc, metadata, onMessage, onUnread });
    if (!sends || Object.keys(fields).length > 0) call.write(method.request.encode(fields));
    if (!sends) call.finish();
    call.stream.once('close', () => {
      if (call.end?.told && call.end.status !== OK) refusal = call.end.message;
    });
    return call;
  };
  let call = start(fieldsOf(slots, method));

  const goodbye = (): Goodbye | undefined => {
    const told = method.pattern === 'unary' ? undefined : call.end;
    const away = connection.goaway;
    if (told?.told && !(away && away.atMs < told.atMs)) return { atMs: told.atMs, code: undefined, text: told.message };
    return away ? { atMs: away.atMs, code: undefined, text: wordsOf(away.code) } : undefined;
  };
  const whyRefused = (ended: CallEnd | undefined): Refusal => {
    const status = ended?.told && ended.status !== undefined ? httpStatusOf(ended.status) : undefined;
    const reason = ended?.told ? ended.message : (connection.failure ?? ended?.message ?? 'the call timed out');
    const known = status === undefined ? {} : { status };
    record({ type: 'session', name: options.name, what: 'refused', reason, ...known });
    return { refused: true, status, reason };
  };

  const timeoutMs = options.openTimeoutMs ?? OPEN_MS;
  let settledAtMs = 0;
  const answered = await waitFor(
    () => {
      if (connection.settled && settledAtMs === 0) settledAtMs = nowMs();
      const quiet = !options.answered && settledAtMs > 0 && nowMs() - settledAtMs >= REFUSES_MS;
      return call.head !== undefined || call.end !== undefined || connection.closedAtMs !== undefined || quiet;
    },
    timeoutMs,
    { stepMs: STEP_MS },
  );
  const ended = call.end;
  const failed = ended !== undefined && (ended.status !== 0 || (!ended.told && !call.head));
  if (answered === undefined || failed || (connection.closedAtMs !== undefined && !call.head)) {
    await connection[Symbol.asyncDispose]();
    return whyRefused(ended);
  }
  openedAtMs = nowMs();
  record(
    { type: 'session', name: options.name, what: 'open', status: 200, tookMs: openedAtMs - startedMs },
    openedAtMs,
  );
  const finish = () => {
    if (end) return;
    end = { atMs: nowMs(), closeCode: undefined, complete: call.end?.status === OK, unread };
    const why = call.end?.message;
    record({ type: 'session', name: options.name, what: 'end', ...(why === undefined ? {} : { reason: why }) });
  };
  connection.socket.once('close', finish);
  // A server that has answered in order leaves TCP to its client.
  if (method.pattern !== 'unary') {
    const over = () => {
      finish();
      if (!options.deaf && !options.staysConnected) connection.session.close();
    };
    if (call.stream.destroyed) over();
    else call.stream.once('close', over);
  }

  return {
    name: options.name,
    connection,
    get call() {
      return call;
    },
    get isOpen() {
      return end === undefined && goodbye() === undefined;
    },
    openedAtMs,
    localPort: connection.socket.localPort ?? 0,
    extensions: '',
    adapter: undefined,
    clientDriven: false,
    cursor: undefined,
    get end() {
      return end;
    },
    get goodbye() {
      return goodbye();
    },
    get refusal() {
      return refusal;
    },
    get retry() {
      const ended = call.end;
      const ms = Number(ended?.metadata['grpc-retry-pushback-ms']);
      return ended && ms >= 0 ? { ms, atMs: ended.atMs } : undefined;
    },
    get received() {
      return received;
    },
    get receivedBytes() {
      return connection.receivedBytes;
    },
    get unsentBytes() {
      return call.stream.writableLength;
    },
    header: (name) => {
      const value = call.head?.[name.toLowerCase()] ?? call.end?.metadata[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    send(payload) {
      const fields = saying(payload, method.request);
      if (sends) call.write(method.request.encode(fields));
      else if (method.pattern === 'unary' && connection.takesCalls)
        call = start({ ...fieldsOf(slots, method), ...fields });
    },
    wrap: (payload) => lengthPrefixed(method.request.encode(saying(payload, method.request))),
    sendFragment: () => {},
    sendRaw: (bytes) => void connection.socket.write(bytes),
    sendHead: () => {},
    sendCompressed: () => {},
    ping: (_, ms) => connection.ping(ms),
    pong: () => connection.nudge(),
    close() {
      if (call.end === undefined) call.cancel();
      connection.session.close();
    },
    terminate: () => void connection.socket.destroy(),
    abort: () => void (secure ? connection.socket.destroy() : connection.socket.resetAndDestroy()),
    ended: (ms) => waitFor(() => end, ms),
    onMessage: (listener) => {
      listeners.push(listener);
    },
    [Symbol.asyncDispose]: async () => {
      listeners.length = 0;
      await connection[Symbol.asyncDispose]();
    },
  };
}
