import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants as http2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { gunzipSync, inflateSync } from 'node:zlib';
import { nowMs, waitFor } from '../clock.js';
import type { Target, WireTap } from '../contract.js';
import { messageOf } from '../errors.js';
import { statusName, statusOfHttp } from '../grpc-status.js';
import { LengthPrefixedReader, lengthPrefixed, type Prefixed } from '../path/length-prefixed.js';
import { isSecure } from '../protocol.js';
import { dial, urlFor, type Where } from './request.js';

/** Larger than any message a scenario waits for, and enough that our own window never holds a server back. */
const CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024;
const STREAM_WINDOW_BYTES = 1024 * 1024;

/** How an answer ended [PROTOCOL-HTTP2.md, "Responses"]. */
export interface CallEnd {
  readonly atMs: number;
  /** The gRPC status; undefined where the stream ended without one. */
  readonly status: number | undefined;
  /** The server's words, or what became of the stream. */
  readonly message: string;
  /** In trailers of its own, and so in order. */
  readonly told: boolean;
  readonly metadata: IncomingHttpHeaders;
}

export interface Call {
  readonly stream: ClientHttp2Stream;
  /** The answer's HEADERS, where they are not its end. */
  readonly head: IncomingHttpHeaders | undefined;
  readonly end: CallEnd | undefined;
  write(message: Buffer): void;
  /** No more messages of ours: END_STREAM. */
  finish(): void;
  /** RST_STREAM with CANCEL. */
  cancel(): void;
  /** Reads no further: the stream's window is not opened again. */
  pause(): void;
  resume(): void;
  ended(timeoutMs: number): Promise<CallEnd | undefined>;
}

export interface CallOptions {
  /** `/pkg.Service/Method`. */
  readonly rpc: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Sent as `grpc-timeout`; nothing of ours ends the call then. */
  readonly deadlineMs?: number;
  readonly onMessage?: (message: Buffer, atMs: number) => void;
}

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

  constructor(options: ConnectionOptions) {
    const { target, tap } = options;
    const { host, port } = options.to;
    this.url = target ? urlFor(target, options, []) : new URL(`grpc://${host}:${port}`);
    const secure = isSecure(this.url.href);
    this.socket = target ? dial({ ...options, alpn: ['h2'] }, target, this.url, secure) : connectTcp(port, host);
    const wire = tap ? tapped(this.socket, tap) : this.socket;
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

  call({ rpc, metadata = {}, deadlineMs, onMessage }: CallOptions): Call {
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
    return new OpenCall(this.session.request(headers, { endStream: false }), onMessage);
  }

  /** A legal sign of life that nobody counts, as PINGs are counted: one more byte of the connection's window. */
  nudge(): void {
    if (this.session.destroyed || this.session.closed) return;
    this.grown += 1;
    this.open(CONNECTION_WINDOW_BYTES + this.grown);
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

class OpenCall implements Call {
  head: IncomingHttpHeaders | undefined;
  end: CallEnd | undefined;
  private trailers: IncomingHttpHeaders | undefined;
  private failure: string | undefined;

  constructor(
    readonly stream: ClientHttp2Stream,
    onMessage: CallOptions['onMessage'],
  ) {
    const reader = new LengthPrefixedReader((message) => {
      const bytes = unpacked(message, String(this.head?.['grpc-encoding'] ?? ''));
      if (bytes) onMessage?.(bytes, nowMs());
    });
    stream.on('response', (headers, flags) => {
      const last = (flags & http2.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (last) this.trailers = headers;
      else this.head = headers;
      const status = Number(headers[':status']);
      if (status !== 200) this.finishWith(statusOfHttp(status), `HTTP ${status}`, headers, true);
    });
    stream.on('trailers', (headers) => {
      this.trailers = headers;
    });
    stream.on('data', (bytes: Buffer) => reader.push(bytes));
    stream.on('error', (error) => {
      this.failure = messageOf(error);
    });
    stream.once('end', () => this.settle());
    stream.once('close', () => {
      this.settle();
      const code = stream.rstCode;
      this.finishWith(undefined, this.failure ?? (code ? `RST_STREAM with code ${code}` : 'no status came'), {}, false);
    });
  }

  write(message: Buffer): void {
    if (this.stream.writable) this.stream.write(lengthPrefixed(message));
  }

  finish(): void {
    if (this.stream.writable) this.stream.end();
  }

  cancel(): void {
    this.stream.close(http2.NGHTTP2_CANCEL);
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  ended(timeoutMs: number): Promise<CallEnd | undefined> {
    return waitFor(() => this.end, timeoutMs);
  }

  private settle(): void {
    const { trailers } = this;
    if (!trailers?.['grpc-status']) return;
    const status = Number(trailers['grpc-status']);
    const words = trailers['grpc-message'];
    const said = typeof words === 'string' && words !== '' ? `${statusName(status)}: ${words}` : statusName(status);
    this.finishWith(status, said, trailers, true);
  }

  private finishWith(status: number | undefined, message: string, metadata: IncomingHttpHeaders, told: boolean): void {
    this.end ??= { atMs: nowMs(), status, message, told, metadata };
  }
}

/** What a TLS socket carries, shown to a tap on its way. */
function tapped(socket: Socket, tap: WireTap): Duplex {
  const wire = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _, done) => {
      tap.up(chunk, nowMs());
      socket.write(chunk, () => done());
    },
    final: (done) => void socket.end(done),
    destroy: (_, done) => {
      socket.destroy();
      done(null);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    tap.down(chunk, nowMs());
    if (!wire.push(chunk)) socket.pause();
  });
  socket.once('end', () => wire.push(null));
  socket.once('close', () => wire.destroy());
  return wire;
}

function unpacked({ compressed, bytes }: Prefixed, encoding: string): Buffer | undefined {
  try {
    if (!compressed) return bytes;
    return encoding === 'deflate' ? inflateSync(bytes) : gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

function lowerCased(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));
}
