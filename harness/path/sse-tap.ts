import { createBrotliDecompress, createGunzip, createInflate, constants as zlib } from 'node:zlib';
import { HTTPParser } from 'http-parser-js';
import type {
  Direction,
  EventBody,
  MessageFacts,
  Observer,
  Record_,
  Scalar,
  WireTap,
  WireTapFactory,
} from '../contract.js';
import { messageOf } from '../errors.js';
import { whyEndless } from './endless-line.js';
import { EventStreamReader, factsOfPart } from './event-stream.js';

const MAX_FIELDS = 64;
const MAX_BODY_BYTES = 256 * 1024;
/** Of packed bytes that wait for zlib: it may make a thousand times as many of them. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
/** Of an answer, those that hold nobody's secret and that checks read. */
const PUBLIC_HEADERS = new Set([
  ...['content-type', 'cache-control', 'content-encoding', 'content-length', 'transfer-encoding', 'connection', 'vary'],
  ...['x-accel-buffering', 'retry-after', 'age', 'expires', 'pragma', 'alt-svc', 'access-control-allow-origin'],
  ...['access-control-allow-credentials', 'server', 'via'],
]);

/** Decodes HTTP/1.1 with streams of events in its answers from the two byte streams of a connection. Never throws. */
export const tapEventStream: WireTapFactory = (gate, conn, record, observer) =>
  new EventStreamTap(gate, conn, record, observer);

/** One answer's body. */
interface Body {
  push(bytes: Buffer): void;
  /** Its orderly end. */
  end(): void;
  /** Nothing more is read of it. */
  stop(): void;
  readonly betweenEvents: boolean;
}

class EventStreamTap implements WireTap {
  private readonly requests = new HTTPParser(HTTPParser.REQUEST);
  private readonly answers = new HTTPParser(HTTPParser.RESPONSE);
  private readonly deaf = { up: false, down: false };
  private atMs = 0;
  private body: Body | undefined;
  private posted: Buffer[] = [];
  private postedBytes = 0;

  constructor(
    private readonly gate: string,
    private readonly conn: number,
    private readonly record: Record_,
    private readonly observer: Observer,
  ) {
    this.requests[HTTPParser.kOnHeadersComplete] = ({ method, url, headers }) => {
      this.tellRequest(HTTPParser.methods[method] ?? 'GET', url, pairsOf(headers));
    };
    this.requests[HTTPParser.kOnBody] = (bytes, offset, length) => {
      this.postedBytes += length;
      if (this.postedBytes <= MAX_BODY_BYTES) this.posted.push(Buffer.from(bytes.subarray(offset, offset + length)));
    };
    this.requests[HTTPParser.kOnMessageComplete] = () => this.tellPosted();
    this.answers[HTTPParser.kOnHeadersComplete] = ({ statusCode, headers }) => {
      // An interim answer (100, 103) goes before the one that counts.
      if (statusCode >= 200) this.tellAnswer(statusCode, pairsOf(headers));
    };
    this.answers[HTTPParser.kOnBody] = (bytes, offset, length) =>
      this.body?.push(Buffer.from(bytes.subarray(offset, offset + length)));
    this.answers[HTTPParser.kOnMessageComplete] = () => {
      this.body?.end();
      this.body = undefined;
    };
  }

  up(chunk: Buffer, atMs: number): void {
    this.read('up', this.requests, chunk, atMs);
  }

  down(chunk: Buffer, atMs: number): void {
    this.read('down', this.answers, chunk, atMs);
  }

  end(): void {}

  get betweenMessages(): boolean {
    const { framing } = this;
    return framing !== undefined && !this.deaf.down && this.body?.betweenEvents === true;
  }

  /** True within the answer that is an event stream. */
  get holds(): boolean {
    return this.body !== undefined;
  }

  framed(bytes: Buffer): Buffer {
    if (this.framing !== 'chunks') return bytes;
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  }

  /** What bytes of our own may go between here; undefined within a chunk, or where the body's length is said before. */
  private get framing(): 'chunks' | 'bytes' | undefined {
    // Where the parser stands is not in its types.
    const { state, line } = this.answers as unknown as { readonly state: string; readonly line: string };
    if (state === 'BODY_RAW') return 'bytes';
    return state === 'BODY_CHUNKHEAD' && line === '' ? 'chunks' : undefined;
  }

  private read(dir: Direction, parser: InstanceType<typeof HTTPParser>, chunk: Buffer, atMs: number): void {
    if (this.deaf[dir] || chunk.length === 0) return;
    this.atMs = atMs;
    try {
      const read = parser.execute(chunk);
      if (read instanceof Error) throw read;
      const endless = whyEndless(parser);
      if (endless !== undefined) throw new Error(endless);
    } catch (error) {
      this.fail(dir, error);
    }
  }

  private tellRequest(method: string, target: string, headers: readonly (readonly [string, string])[]): void {
    const query = target.includes('?') ? target.slice(target.indexOf('?') + 1) : '';
    const parameters = [...new URLSearchParams(query)].map(([name, value]): [string, string] => [`?${name}`, value]);
    this.tell({ dir: 'up', method, fields: this.scalars([...parameters, ...headers]) });
  }

  private tellPosted(): void {
    if (this.postedBytes > 0 && this.postedBytes <= MAX_BODY_BYTES)
      this.tellMessage('up', { opcode: 'text', ...this.observer.payload(Buffer.concat(this.posted), false) });
    this.posted = [];
    this.postedBytes = 0;
  }

  private tellAnswer(status: number, headers: readonly (readonly [string, string])[]): void {
    const shown = Object.fromEntries(headers.filter(([name]) => PUBLIC_HEADERS.has(name)));
    const opens = isEventStream(status, shown['content-type']);
    this.tell({
      dir: 'down',
      status,
      fields: this.scalars(headers),
      headers: shown,
      ...(opens ? { opens: true } : {}),
    });
    this.body = opens ? this.streamOf(shown['content-encoding']) : undefined;
  }

  private streamOf(encoding: string | undefined): Body {
    const reader = new EventStreamReader((part) => this.tellMessage('down', factsOfPart(part, this.observer)));
    const ended = () => this.tellMessage('down', { opcode: 'close', bytes: 0, hash: this.observer.hash('') });
    const unpack = decoderOf(encoding);
    if (!unpack) {
      const betweenEvents = () => reader.betweenEvents;
      return {
        push: (bytes) => reader.push(bytes),
        end: ended,
        stop: () => {},
        get betweenEvents() {
          return betweenEvents();
        },
      };
    }
    const fail = (error: unknown) => this.fail('down', error);
    unpack.on('data', (bytes: Buffer) => {
      if (this.deaf.down) return;
      try {
        reader.push(bytes);
      } catch (error) {
        fail(error);
      }
    });
    unpack.on('error', fail);
    unpack.on('end', ended);
    const push = (bytes: Buffer) => {
      unpack.write(bytes);
      if (unpack.writableLength > MAX_BACKLOG_BYTES) throw new Error('the decoder fell behind');
    };
    return { push, end: () => void unpack.end(), stop: () => void unpack.destroy(), betweenEvents: false };
  }

  private scalars(values: readonly (readonly [string, string])[]): Record<string, Scalar> {
    const fields = new Map<string, Scalar>();
    for (const [name, value] of values) {
      if (fields.size >= MAX_FIELDS) break;
      const kept = this.observer.scalar(value);
      if (kept !== undefined && !fields.has(name)) fields.set(name, kept);
    }
    return Object.fromEntries(fields);
  }

  private tell(facts: Omit<Extract<EventBody, { type: 'handshake' }>, 'type' | 'gate' | 'conn'>): void {
    this.record({ type: 'handshake', gate: this.gate, conn: this.conn, ...facts }, this.atMs);
  }

  private tellMessage(dir: Direction, facts: MessageFacts): void {
    this.record({ type: 'message', gate: this.gate, conn: this.conn, dir, ...facts }, this.atMs);
  }

  private fail(dir: Direction, error: unknown): void {
    if (this.deaf[dir]) return;
    this.deaf[dir] = true;
    if (dir === 'down') this.body?.stop();
    this.record({ type: 'undecodable', gate: this.gate, conn: this.conn, dir, reason: messageOf(error) }, this.atMs);
  }
}

/** WHATWG HTML 9.2.2: "if res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the connection". */
export function isEventStream(status: number | undefined, contentType: string | undefined): boolean {
  return status === 200 && /^text\/event-stream\s*(;|$)/i.test(contentType ?? '');
}

/** Gives what it has at each flush of the sender's. */
export function decoderOf(encoding: string | undefined) {
  const options = { flush: zlib.Z_SYNC_FLUSH, finishFlush: zlib.Z_SYNC_FLUSH };
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip(options);
  if (encoding === 'deflate') return createInflate(options);
  if (encoding === 'br') return createBrotliDecompress();
  return undefined;
}

/** Lower-cased names; the values of a repeated header are joined by ", " (RFC 9110, section 5.3). */
function pairsOf(raw: readonly string[]): readonly (readonly [string, string])[] {
  const headers = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? (raw[i + 1] ?? '') : `${before}, ${raw[i + 1]}`);
  }
  return [...headers];
}
