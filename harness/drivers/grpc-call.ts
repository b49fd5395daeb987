import { type ClientHttp2Stream, constants as http2, type IncomingHttpHeaders } from 'node:http2';
import { nowMs, waitFor } from '../clock.js';
import { messageOf } from '../errors.js';
import { statusName, statusOfHttp } from '../grpc-status.js';
import { LengthPrefixedReader, lengthPrefixed, type Prefixed, unpacked } from '../path/length-prefixed.js';

/** Larger than any message a scenario waits for; a server may send a bomb. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

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
  /** It ends the call itself, because of what came. */
  readonly onUnread?: (why: string) => void;
}

/** A call on a stream whose request headers are sent. */
export class OpenCall implements Call {
  head: IncomingHttpHeaders | undefined;
  end: CallEnd | undefined;
  private trailers: IncomingHttpHeaders | undefined;
  private failure: string | undefined;

  constructor(
    readonly stream: ClientHttp2Stream,
    { onMessage, onUnread }: Pick<CallOptions, 'onMessage' | 'onUnread'>,
  ) {
    const reader = new LengthPrefixedReader((message) => {
      const bytes = plain(message, this.head?.['grpc-encoding']);
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
    stream.on('data', (bytes: Buffer) => {
      if (this.failure !== undefined) return;
      try {
        reader.push(bytes);
      } catch (error) {
        // As clients of gRPC do, which would say RESOURCE_EXHAUSTED.
        this.failure = messageOf(error);
        onUnread?.(this.failure);
        this.cancel();
      }
    });
    stream.on('error', (error) => {
      this.failure ??= messageOf(error);
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
    const words = worded(trailers['grpc-message']);
    this.finishWith(status, words === '' ? statusName(status) : `${statusName(status)}: ${words}`, trailers, true);
  }

  private finishWith(status: number | undefined, message: string, metadata: IncomingHttpHeaders, told: boolean): void {
    this.end ??= { atMs: nowMs(), status, message, told, metadata };
  }
}

/** Undefined where it cannot be read: what is no message is none. */
function plain({ compressed, bytes }: Prefixed, encoding: unknown): Buffer | undefined {
  try {
    return compressed ? unpacked(bytes, String(encoding), MAX_UNPACKED_BYTES) : bytes;
  } catch {
    return undefined;
  }
}

/** "Status-Message → "grpc-message" Percent-Encoded" [PROTOCOL-HTTP2.md]; as it is where it is not. */
function worded(message: string | string[] | undefined): string {
  try {
    return decodeURIComponent(String(message ?? ''));
  } catch {
    return String(message);
  }
}
