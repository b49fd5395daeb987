import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { nowMs, waitFor } from '../clock.js';
import type { Target, WireTap } from '../contract.js';
import { messageOf } from '../errors.js';
import { isSecure } from '../protocol.js';
import { type Call, type CallOptions, OpenCall } from './grpc-call.js';
import { dial, urlFor, type Where } from './request.js';

/** Larger than any message a scenario waits for, and enough that our own window never holds a server back. */
const CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024;
const STREAM_WINDOW_BYTES = 1024 * 1024;
/** Servers count PINGs that come sooner than every five minutes, and close after two of those [gRPC keepalive guide]. */
const UNPUNISHED_PINGS = 3;

export interface ConnectionOptions extends Where {
  /** Whose server it is; without one it is a server of ours. */
  readonly target?: Target;
  /** Decodes what passes where TLS hides it from the gate. */
  readonly tap?: WireTap;
  /** Of each stream, before the first is opened (RFC 9113, SETTINGS_INITIAL_WINDOW_SIZE). */
  readonly streamWindowBytes?: number;
  /** Never ends TCP of itself when the server has said goodbye. */
  readonly deaf?: boolean;
}

/**
 * One HTTP/2 connection of a gRPC client of ours, on node:http2: grpc-js would come back by itself, and hides its socket,
 * GOAWAY, PING and the flow control.
 */
export class GrpcConnection implements AsyncDisposable {
  readonly session: ClientHttp2Session;
  readonly socket: Socket;
  /** The server has acknowledged our SETTINGS: it speaks HTTP/2. */
  settled = false;
  goaway: { readonly atMs: number; readonly code: number; readonly lastStream: number } | undefined;
  closedAtMs: number | undefined;
  failure: string | undefined;
  private readonly url: URL;
  private grown = STREAM_WINDOW_BYTES;
  private pings = 0;

  constructor(options: ConnectionOptions) {
    const { target, tap } = options;
    const { host, port } = options.to;
    this.url = target ? urlFor(target, options, []) : new URL(`grpc://${host}:${port}`);
    const secure = isSecure(this.url.href);
    this.socket = target ? dial({ ...options, alpn: ['h2'] }, target, this.url, secure) : connectTcp(port, host);
    const deaf = options.deaf === true;
    const wire = tap || deaf ? between(this.socket, tap, deaf) : this.socket;
    const scheme = secure ? 'https' : 'http';
    const initialWindowSize = options.streamWindowBytes ?? STREAM_WINDOW_BYTES;
    this.session = connect(`${scheme}://${this.url.host}`, {
      createConnection: () => wire,
      settings: { initialWindowSize, enablePush: false },
    });
    this.session.once('connect', () => this.open(CONNECTION_WINDOW_BYTES));
    this.session.once('localSettings', () => {
      this.settled = true;
    });
    this.session.on('goaway', (code, lastStream) => {
      this.goaway ??= { atMs: nowMs(), code, lastStream };
    });
    this.session.on('error', (error) => {
      this.failure ??= messageOf(error);
    });
    this.socket.on('error', (error) => {
      this.failure ??= messageOf(error);
    });
    this.socket.once('close', () => {
      this.closedAtMs ??= nowMs();
    });
  }

  get receivedBytes(): number {
    return this.socket.bytesRead;
  }

  /** A further call can be begun on it. */
  get takesCalls(): boolean {
    return !this.goaway && !this.session.closed && !this.session.destroyed;
  }

  call({ rpc, metadata = {}, deadlineMs, ...heard }: CallOptions): Call {
    const headers: OutgoingHttpHeaders = {
      ':method': 'POST',
      ':path': rpc,
      ':authority': this.url.host,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-accept-encoding': 'identity,gzip,deflate',
      'user-agent': 'holdfast',
      ...(deadlineMs === undefined ? {} : { 'grpc-timeout': `${Math.round(deadlineMs)}m` }),
      ...lowerCased(metadata),
    };
    return new OpenCall(this.session.request(headers, { endStream: false }), heard);
  }

  /** A legal sign of life that nobody counts, as PINGs are counted: one more byte of the connection's window. */
  nudge(): void {
    if (this.session.destroyed || this.session.closed) return;
    this.grown += 1;
    this.open(CONNECTION_WINDOW_BYTES + this.grown);
  }

  /** Milliseconds until the ACK of a PING; undefined where none came, or no more may be sent. */
  async ping(timeoutMs: number): Promise<number | undefined> {
    if (this.pings >= UNPUNISHED_PINGS || this.session.destroyed || this.session.closed) return undefined;
    this.pings += 1;
    let tookMs: number | undefined;
    this.session.ping((error, ms) => {
      if (!error) tookMs = ms;
    });
    return waitFor(() => tookMs, timeoutMs);
  }

  private open(bytes: number): void {
    if (!this.session.destroyed) this.session.setLocalWindowSize(bytes);
  }

  closed(timeoutMs: number): Promise<number | undefined> {
    return waitFor(() => this.closedAtMs, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy();
    this.socket.destroy();
  }
}

/** What a socket carries, shown to a tap on its way; of who is `deaf` it does not end with the session. */
function between(socket: Socket, tap: WireTap | undefined, deaf: boolean): Duplex {
  const wire = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _, done) => {
      tap?.up(chunk, nowMs());
      socket.write(chunk, () => done());
    },
    final: (done) => void (deaf ? done() : socket.end(done)),
    destroy: (_, done) => {
      if (!deaf) socket.destroy();
      done(null);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    tap?.down(chunk, nowMs());
    if (!wire.push(chunk) && !wire.destroyed) socket.pause();
  });
  socket.once('end', () => wire.push(null));
  socket.once('close', () => wire.destroy());
  return wire;
}

function lowerCased(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));
}
