import type { Direction, EventBody, MessageFacts, Observer, Record_, WireTap, WireTapFactory } from '../contract.js';
import { messageOf } from '../errors.js';
import { GrpcMessages } from './grpc-messages.js';
import { HeadReader } from './http-head.js';
import { type ControlType, FrameReader, type FrameSink, frameOf } from './http2-frames.js';
import { HeaderBlocks, type HeaderList, isGrpc, scalarsOf, timeoutMsOf } from './http2-headers.js';

/** How many reset calls are still known, for what of the other side is on its way yet. */
const MAX_RESET_CALLS = 256;
/** Of an answer, those that hold nobody's secret and that checks read. */
const PUBLIC_HEADERS = ['content-type', 'grpc-encoding', 'server', 'retry-after'];
const HTTP1 = Buffer.from('HTTP/1.', 'latin1');
/** RFC 9113, section 6.5.2; 8 is of RFC 8441. */
const SETTINGS = new Map([
  [1, 'SETTINGS_HEADER_TABLE_SIZE'],
  [2, 'SETTINGS_ENABLE_PUSH'],
  [3, 'SETTINGS_MAX_CONCURRENT_STREAMS'],
  [4, 'SETTINGS_INITIAL_WINDOW_SIZE'],
  [5, 'SETTINGS_MAX_FRAME_SIZE'],
  [6, 'SETTINGS_MAX_HEADER_LIST_SIZE'],
  [8, 'SETTINGS_ENABLE_CONNECT_PROTOCOL'],
]);

/** The decoded message as JSON would have it, or undefined where its type is not known or does not fit. */
export type MessageDecoder = (rpc: string, dir: Direction, bytes: Buffer) => unknown;

/** Decodes gRPC over HTTP/2 from the two byte streams of a connection; `decode` knows the target's types. Never throws. */
export function tapGrpc(decode: MessageDecoder): WireTapFactory {
  return (gate, conn, record, observer) => new GrpcTap(gate, conn, record, observer, decode);
}

/** One stream of the connection. */
interface Call {
  readonly rpc: string;
  /** Absent where the body is none of gRPC, cannot be read, or has ended. */
  readonly bodies: { [dir in Direction]?: GrpcMessages | undefined };
  readonly ended: { [dir in Direction]: boolean };
  answered: boolean;
}

type Told<T extends EventBody['type']> = Omit<Extract<EventBody, { type: T }>, 'type' | 'gate' | 'conn'>;

class GrpcTap implements WireTap {
  private readonly readers = { up: this.readerOf('up'), down: this.readerOf('down') };
  private readonly blocks: { [dir in Direction]?: HeaderBlocks } = {};
  private readonly deaf = { up: false, down: false };
  private readonly toldWhy = { up: false, down: false };
  private readonly calls = new Map<number, Call>();
  private readonly resetCalls: number[] = [];
  private lastRequest = 0;
  /** The server's first bytes, until they tell HTTP/2 from an answer in HTTP/1.1. */
  private opening: Buffer | undefined = Buffer.alloc(0);
  private page: HeadReader | undefined;
  private atMs = 0;
  answered = false;
  upMessages = 0;

  constructor(
    private readonly gate: string,
    private readonly conn: number,
    private readonly record: Record_,
    private readonly observer: Observer,
    private readonly decode: MessageDecoder,
  ) {}

  up(chunk: Buffer, atMs: number): void {
    this.read('up', chunk, atMs);
  }

  down(chunk: Buffer, atMs: number): void {
    this.read('down', chunk, atMs);
  }

  end(): void {
    this.calls.clear();
  }

  get betweenMessages(): boolean {
    return !this.deaf.down && this.readers.down.betweenFrames;
  }

  framed(bytes: Buffer, stream?: number): Buffer | undefined {
    if (stream === undefined) return bytes;
    const body = this.resetCalls.includes(stream) ? undefined : this.calls.get(stream)?.bodies.down;
    return body?.betweenMessages ? frameOf('DATA', stream, bytes) : undefined;
  }

  get betweenFramesUp(): boolean {
    return !this.deaf.up && this.readers.up.betweenFrames;
  }

  get streams(): readonly number[] {
    const open = [...this.calls].filter(([stream, { ended }]) => !ended.down && !this.resetCalls.includes(stream));
    return open.map(([stream]) => stream);
  }

  get asking(): boolean {
    return this.streams.length > 0;
  }

  private read(dir: Direction, chunk: Buffer, atMs: number): void {
    if (this.deaf[dir] || chunk.length === 0) return;
    this.atMs = atMs;
    try {
      if (dir === 'down' && (this.opening ?? this.page)) this.readOpening(chunk);
      else this.readers[dir].push(chunk);
    } catch (error) {
      this.deaf[dir] = true;
      this.fail(dir, error);
    }
  }

  private readOpening(chunk: Buffer): void {
    const seen = this.opening ? Buffer.concat([this.opening, chunk]) : chunk;
    if (this.opening) {
      const length = Math.min(seen.length, HTTP1.length);
      if (HTTP1.compare(seen, 0, length, 0, length) !== 0) {
        this.opening = undefined;
        this.readers.down.push(seen);
        return;
      }
      this.opening = seen;
      if (length < HTTP1.length) return;
      this.opening = undefined;
      this.page = new HeadReader();
    }
    const read = this.page?.push(seen);
    if (!read) return;
    this.deaf.down = true;
    this.tellAnswer(Number(read.head.startLine.slice(9, 12)), read.head.headers, {});
  }

  private readerOf(dir: Direction): FrameReader {
    const sink: FrameSink = {
      control: (frame, stream, ack, payload) => this.tellControl(dir, frame, stream, ack, payload),
      data: (stream, piece, endStream) => {
        this.readBody(dir, stream, piece);
        if (endStream) this.endStream(dir, stream, new Map());
      },
      headers: (stream, block, endStream, promised) => {
        this.blocks[dir] ??= new HeaderBlocks();
        const headers = this.blocks[dir].read(block);
        if (promised !== undefined) this.tellFrame({ dir, frame: 'PUSH_PROMISE', stream });
        else if (dir === 'up') this.readRequest(stream, headers, endStream);
        else this.readAnswer(stream, headers, endStream);
      },
    };
    return new FrameReader(dir === 'up', sink);
  }

  private readRequest(stream: number, headers: HeaderList, endStream: boolean): void {
    // Identifiers only grow (RFC 9113, section 5.1.1); HEADERS of a known one are trailers, which gRPC's requests have not.
    if (stream > this.lastRequest) {
      this.lastRequest = stream;
      const rpc = headers.get(':path') ?? '';
      const call: Call = { rpc, bodies: {}, ended: { up: false, down: false }, answered: false };
      this.calls.set(stream, call);
      if (isGrpc(headers)) call.bodies.up = this.messagesOf('up', stream, rpc, headers);
      const deadlineMs = timeoutMsOf(headers.get('grpc-timeout'));
      const deadline = deadlineMs === undefined ? {} : { deadlineMs };
      this.tellHandshake({ dir: 'up', stream, rpc, ...deadline, fields: scalarsOf(headers, this.observer) });
    }
    if (endStream) this.endStream('up', stream, headers);
  }

  private readAnswer(stream: number, headers: HeaderList, endStream: boolean): void {
    const call = this.calls.get(stream);
    if (call === undefined || call.ended.down) return;
    if (!call.answered) {
      const status = Number(headers.get(':status'));
      // An interim answer (100, 103) goes before the one that counts.
      if (status < 200) return;
      call.answered = true;
      const grpc = isGrpc(headers);
      this.answered ||= grpc && !endStream;
      if (grpc) call.bodies.down = this.messagesOf('down', stream, call.rpc, headers);
      this.tellAnswer(status, headers, { stream, ...(grpc && !endStream ? { opens: true } : {}) });
    }
    if (endStream) this.endStream('down', stream, headers);
  }

  private messagesOf(dir: Direction, stream: number, rpc: string, headers: HeaderList): GrpcMessages {
    return new GrpcMessages({
      observer: this.observer,
      decode: (bytes) => this.decode(rpc, dir, bytes),
      encoding: headers.get('grpc-encoding'),
      tell: (facts) => {
        if (dir === 'up') this.upMessages += 1;
        this.tellMessage(dir, { opcode: 'binary', stream, ...facts });
      },
    });
  }

  private readBody(dir: Direction, stream: number, piece: Buffer): void {
    const bodies = this.calls.get(stream)?.bodies;
    try {
      bodies?.[dir]?.push(piece);
    } catch (error) {
      // The call's body alone is lost: its frames can still be told from those of others.
      if (bodies) bodies[dir] = undefined;
      this.fail(dir, error);
    }
  }

  private endStream(dir: Direction, stream: number, trailers: HeaderList): void {
    const call = this.calls.get(stream);
    if (call === undefined || call.ended[dir]) return;
    call.ended[dir] = true;
    call.bodies[dir] = undefined;
    if (dir === 'down') this.tellTrailers(stream, trailers);
    this.tellMessage(dir, { opcode: 'close', stream, bytes: 0, hash: this.observer.hash('') });
    if (call.ended.up && call.ended.down) this.calls.delete(stream);
  }

  private forget(stream: number): void {
    if (!this.calls.has(stream)) return;
    this.resetCalls.push(stream);
    const oldest = this.resetCalls.length > MAX_RESET_CALLS ? this.resetCalls.shift() : undefined;
    if (oldest !== undefined) this.calls.delete(oldest);
  }

  private tellAnswer(status: number, headers: HeaderList, facts: { readonly stream?: number; readonly opens?: true }) {
    const shown = PUBLIC_HEADERS.flatMap((name) => {
      const value = headers.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const fields = scalarsOf(headers, this.observer);
    this.tellHandshake({ dir: 'down', ...facts, status, headers: Object.fromEntries(shown), fields });
  }

  private tellTrailers(stream: number, headers: HeaderList): void {
    const status = headers.get('grpc-status') ?? '';
    this.record(
      {
        type: 'trailers',
        gate: this.gate,
        conn: this.conn,
        stream,
        ...(/^\d{1,9}$/.test(status) ? { grpcStatus: Number(status) } : {}),
        fields: scalarsOf(headers, this.observer),
      },
      this.atMs,
    );
  }

  private tellControl(dir: Direction, frame: ControlType, stream: number, ack: boolean, payload: Buffer): void {
    const { observer } = this;
    const facts = { dir, frame, stream, ...(ack ? { ack } : {}) } as const;
    if (frame === 'SETTINGS') this.tellFrame({ ...facts, ...(ack ? {} : { settings: settingsOf(payload) }) });
    else if (frame === 'WINDOW_UPDATE') this.tellFrame({ ...facts, increment: payload.readUInt32BE(0) & 0x7fffffff });
    else if (frame === 'RST_STREAM') {
      this.tellFrame({ ...facts, code: payload.readUInt32BE(0) });
      this.forget(stream);
    } else if (frame === 'PING') {
      this.tellFrame(facts);
      this.tellMessage(dir, { opcode: ack ? 'pong' : 'ping', bytes: payload.length, hash: observer.hash(payload) });
    } else {
      const lastStream = payload.readUInt32BE(0) & 0x7fffffff;
      this.tellFrame({ ...facts, code: payload.readUInt32BE(4), lastStream });
      const debug = payload.subarray(8);
      this.tellMessage(dir, { opcode: 'close', bytes: debug.length, hash: observer.hash(debug) });
    }
  }

  private tellFrame(facts: Told<'frame'>): void {
    this.record({ type: 'frame', gate: this.gate, conn: this.conn, ...facts }, this.atMs);
  }

  private tellHandshake(facts: Told<'handshake'>): void {
    this.record({ type: 'handshake', gate: this.gate, conn: this.conn, ...facts }, this.atMs);
  }

  private tellMessage(dir: Direction, facts: MessageFacts): void {
    this.record({ type: 'message', gate: this.gate, conn: this.conn, dir, ...facts }, this.atMs);
  }

  private fail(dir: Direction, error: unknown): void {
    if (this.toldWhy[dir]) return;
    this.toldWhy[dir] = true;
    this.record({ type: 'undecodable', gate: this.gate, conn: this.conn, dir, reason: messageOf(error) }, this.atMs);
  }
}

export function settingsOf(payload: Buffer): Record<string, number> {
  const settings: [string, number][] = [];
  for (let at = 0; at < payload.length; at += 6) {
    const id = payload.readUInt16BE(at);
    settings.push([SETTINGS.get(id) ?? String(id), payload.readUInt32BE(at + 2)]);
  }
  return Object.fromEntries(settings);
}
