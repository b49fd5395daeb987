import type { ServerResponse } from 'node:http';
import { constants, createGzip, type Gzip } from 'node:zlib';
import { after } from '../clock.js';
import { mayBeStored } from './middlebox-cache.js';
import type { ProxySettings } from './proxy-profiles.js';

/** nginx: proxy_buffer_size, proxy_buffers and gzip_buffers are of one memory page by default. */
const PAGE_BYTES = 4096;
/** How long Linux waits with what was sent with MSG_MORE, as HAProxy sends chunks: tcp(7), "200 millisecond ceiling". */
const CORK_MS = 200;
const STUCK_BYTES = 2;

export interface AnswerOptions {
  readonly response: ServerResponse;
  readonly settings: ProxySettings;
  readonly status: number;
  readonly reason: string;
  /** What is passed on. */
  readonly headers: readonly (readonly [string, string])[];
  /** As the server sent them, names in lower case. */
  readonly from: ReadonlyMap<string, string>;
  /** Of the server's head. */
  readonly headBytes: number;
  /** The client's Accept-Encoding. */
  readonly accepts: string;
  readonly onSent: (bytes: number) => void;
}

/** One answer on its way to the client, with all that holds it back. */
export class Answer {
  readonly storable: boolean;
  readonly stored: { readonly status: number; readonly headers: readonly string[] };
  private readonly buffering: boolean;
  /** Undefined where every piece is passed on as it comes. */
  private readonly full: FullBuffers | undefined;
  private readonly gzip: Gzip | undefined;
  /** HAProxy's compressor keeps the last bits of what it was given until more comes. */
  private readonly sticky: boolean;
  private stuck = Buffer.alloc(0);
  private readonly packed: FullBuffers | undefined;
  private corked: Buffer[] = [];
  private cork: Disposable | undefined;
  private over = false;
  private tail = Buffer.alloc(0);

  constructor(private readonly options: AnswerOptions) {
    const { response, settings, status, reason, headers, from, headBytes } = options;
    this.buffering = isBuffered(settings, from);
    const delimited = from.has('transfer-encoding') ? 'chunked' : 'end';
    // Of a chunk it is known where it ends; what only its end delimits could always grow by one byte more.
    this.full = this.buffering && delimited === 'end' ? new FullBuffers(headBytes) : undefined;
    this.sticky = packs(options) && settings.kind === 'haproxy';
    this.gzip = packs(options)
      ? createGzip({ level: 1, flush: this.buffering ? constants.Z_NO_FLUSH : constants.Z_SYNC_FLUSH })
      : undefined;
    this.packed = this.gzip && this.buffering ? new FullBuffers(0) : undefined;
    this.storable = settings.cache && this.buffering && mayBeStored(status, from);
    const kept = this.gzip ? headers.filter(([name]) => !/^(content-length|etag)$/i.test(name)) : headers;
    this.stored = { status, headers: kept.flat() };
    response.statusCode = status;
    response.statusMessage = reason;
    for (const [name, value] of kept) response.appendHeader(name, value);
    if (this.gzip) response.setHeader('Content-Encoding', 'gzip');
    this.frame(delimited);
    this.gzip?.on('data', (chunk: Buffer) => this.onPacked(chunk));
    this.gzip?.on('error', () => response.destroy());
    if (!this.buffering) response.flushHeaders();
  }

  take(chunk: Buffer): void {
    for (const piece of this.full?.take(chunk) ?? [chunk]) this.pack(piece);
  }

  /** The orderly end, behind all that is held. */
  end(last: Buffer = Buffer.alloc(0)): void {
    if (this.over) return;
    this.over = true;
    const { response } = this.options;
    const rest = Buffer.concat([this.full?.rest() ?? Buffer.alloc(0), last]);
    if (rest.length > 0) this.pack(rest);
    const leave = () => {
      this.uncork();
      response.end();
    };
    if (!this.gzip) leave();
    else
      this.gzip
        .on('end', () => {
          this.send(this.packed?.rest() ?? Buffer.alloc(0));
          leave();
        })
        .end(this.stuck);
  }

  /** TCP's end in the midst of it: what the buffers hold is lost, what the compressor holds is sent before. */
  cut(): void {
    if (this.over) return;
    this.over = true;
    const { response } = this.options;
    const leave = () => {
      response.flushHeaders();
      this.uncork();
      response.socket?.destroySoon();
    };
    const { gzip } = this;
    if (!gzip) leave();
    else
      gzip.flush(constants.Z_SYNC_FLUSH, () => {
        this.send(this.packed?.rest() ?? Buffer.alloc(0));
        leave();
      });
  }

  /** How the client is told where it ends. */
  private frame(delimited: 'chunked' | 'end'): void {
    const { response, settings } = this.options;
    if (settings.kind === 'haproxy') response.sendDate = false;
    const asIs = settings.kind === 'haproxy' && delimited === 'end' && !response.hasHeader('content-length');
    if (!settings.chunked || asIs) {
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
    } else if (settings.kind === 'haproxy' && response.shouldKeepAlive) response.removeHeader('connection');
  }

  private pack(piece: Buffer): void {
    if (!this.gzip) {
      this.send(piece);
      return;
    }
    const known = Buffer.concat([this.stuck, piece]);
    const free = this.sticky ? known.length - STUCK_BYTES : known.length;
    this.stuck = known.subarray(Math.max(0, free));
    if (free > 0) this.gzip.write(known.subarray(0, free));
  }

  private onPacked(chunk: Buffer): void {
    for (const piece of this.packed?.take(chunk) ?? [chunk]) this.send(piece);
  }

  private send(piece: Buffer): void {
    if (piece.length === 0) return;
    const { response, settings } = this.options;
    // Only chunks are sent so.
    if (settings.kind !== 'haproxy' || settings.noDelay || !response.chunkedEncoding) {
      this.write(piece);
      return;
    }
    this.corked.push(piece);
    this.cork ??= after(CORK_MS, () => this.uncork());
  }

  private uncork(): void {
    this.cork?.[Symbol.dispose]();
    this.cork = undefined;
    for (const piece of this.corked.splice(0)) this.write(piece);
  }

  /** What the client was sent ends with a blank line. */
  get betweenEvents(): boolean {
    return /(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)$/.test(this.tail.toString('latin1'));
  }

  private write(piece: Buffer): void {
    this.tail = Buffer.concat([this.tail, piece]).subarray(-4);
    this.options.response.write(piece);
    this.options.onSent(piece.length);
  }
}

/** nginx passes a buffer on once it is full; the first one holds the head too. */
class FullBuffers {
  private held = Buffer.alloc(0);
  private room: number;

  constructor(headBytes: number) {
    this.room = Math.max(1, PAGE_BYTES - headBytes);
  }

  take(chunk: Buffer): Buffer[] {
    this.held = Buffer.concat([this.held, chunk]);
    const out: Buffer[] = [];
    while (this.held.length >= this.room) {
      out.push(this.held.subarray(0, this.room));
      this.held = this.held.subarray(this.room);
      this.room = PAGE_BYTES;
    }
    return out;
  }

  rest(): Buffer {
    const { held } = this;
    this.held = Buffer.alloc(0);
    return held;
  }
}

/** nginx, proxy_buffering: 'can also be enabled or disabled by passing "yes" or "no" in the "X-Accel-Buffering" response header field'. */
function isBuffered({ kind, buffering }: ProxySettings, from: ReadonlyMap<string, string>): boolean {
  if (kind !== 'nginx') return false;
  const said = from.get('x-accel-buffering')?.toLowerCase();
  return said === 'yes' || (said !== 'no' && buffering);
}

/** nginx's gzip heeds neither `no-transform` nor a quality above zero; what is encoded in any way it leaves. */
function packs({ settings, from, accepts }: AnswerOptions): boolean {
  const type = from.get('content-type')?.split(';')[0]?.trim();
  // HAProxy, compression: not used when "the response contains a 'Cache-Control: no-transform'".
  const transforms = settings.kind === 'nginx' || !/no-transform/i.test(from.get('cache-control') ?? '');
  const named = /\bgzip\b\s*(;\s*q=0(\.0*)?\s*(,|$))?/i.exec(accepts);
  const accepted = named !== null && named[1] === undefined;
  return settings.gzip && accepted && transforms && type === 'text/event-stream' && !from.has('content-encoding');
}
