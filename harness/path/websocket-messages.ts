import { type Dialogue, factsOf } from '../adapter.js';
import type { Direction, MessageFacts, Observer, Record_ } from '../contract.js';
import { messageOf } from '../errors.js';
import { createInflation, type Inflation } from './websocket-deflate.js';
import { type ControlOpcode, type DataOpcode, type FrameSink, FrameWalker } from './websocket-frames.js';

/** A larger message is recorded by its size alone. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Compressed bytes are inflated by this much at a time: deflate grows by at most 1032 to 1, so 16 MiB in memory. */
const DEFLATED_PIECE_BYTES = 16 * 1024;
/** What may wait to be inflated before the decoder gives up on its direction. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;
/** What a job or an event that waits its turn costs; keeps the queue short enough for `shift`. */
const EVENT_COST = 2048;
const NOTHING = Buffer.alloc(0);

export interface MessagesOptions {
  readonly gate: string;
  readonly conn: number;
  readonly dir: Direction;
  readonly record: Record_;
  readonly observer: Observer;
  /** The agreed permessage-deflate parameters, as in the header; undefined without it. */
  readonly deflate: string | undefined;
  /** Of the connection's subprotocol, where we know it. */
  readonly dialogue: Dialogue | undefined;
}

/** What waits behind an inflation: a piece to inflate, or an event that must not overtake it. */
type Job = { readonly cost: number } & (
  | { readonly piece: Buffer; readonly last: boolean; readonly opcode: DataOpcode; readonly atMs: number }
  | { readonly tell: () => void }
);

/**
 * Messages of one direction, from bytes to events. Inflation is done by zlib's threads and therefore late; events keep
 * their order and the arrival time of the chunk that completed them all the same.
 */
export class MessageDecoder implements FrameSink {
  private readonly walker: FrameWalker;
  private readonly inflation: Inflation | undefined;
  private readonly plain = new Bounded(MAX_MESSAGE_BYTES);
  private readonly inflated = new Bounded(MAX_MESSAGE_BYTES);
  private readonly deflated: Buffer;
  private deflatedLength = 0;
  private readonly jobs: Job[] = [];
  private backlog = 0;
  private working = false;
  private atMs = 0;
  /** Takes no more bytes; what came before is still told. */
  private deaf = false;
  private toldWhy = false;
  private ended = false;

  constructor(private readonly options: MessagesOptions) {
    this.inflation = options.deflate === undefined ? undefined : createInflation(options.deflate, options.dir);
    this.deflated = this.inflation === undefined ? NOTHING : Buffer.allocUnsafe(DEFLATED_PIECE_BYTES);
    this.walker = new FrameWalker(options.dir === 'up', this.inflation !== undefined, this);
  }

  get betweenMessages(): boolean {
    return !this.deaf && this.walker.betweenMessages;
  }

  push(chunk: Buffer, atMs: number): void {
    if (this.deaf) return;
    this.atMs = atMs;
    try {
      this.walker.push(chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  end(): void {
    this.ended = true;
    this.release();
  }

  control(opcode: ControlOpcode, payload: Buffer): void {
    if (this.deaf) return;
    const closeCode = opcode === 'close' && payload.length >= 2 ? { closeCode: payload.readUInt16BE(0) } : {};
    this.tell({ opcode, bytes: payload.length, hash: this.options.observer.hash(payload), ...closeCode }, this.atMs);
    // It is the last frame of its direction [RFC 6455 5.5.1].
    this.deaf ||= opcode === 'close';
  }

  data(opcode: DataOpcode, piece: Buffer, compressed: boolean, last: boolean): void {
    // Deaf in the middle of a chunk: the decoder fell behind.
    if (this.deaf) return;
    const message = compressed ? this.collect(opcode, piece, last) : this.plain.add(piece, last);
    if (message) this.tellMessage(opcode, message, this.atMs);
  }

  /** Compressed bytes, to be inflated later: there is no message yet. */
  private collect(opcode: DataOpcode, piece: Buffer, last: boolean): undefined {
    for (let at = 0; at < piece.length; ) {
      if (this.deflatedLength === DEFLATED_PIECE_BYTES) this.inflate(opcode, false);
      const copied = piece.copy(this.deflated, this.deflatedLength, at);
      this.deflatedLength += copied;
      at += copied;
    }
    if (last) this.inflate(opcode, true);
  }

  private inflate(opcode: DataOpcode, last: boolean): void {
    const piece = Buffer.from(this.deflated.subarray(0, this.deflatedLength));
    this.deflatedLength = 0;
    this.enqueue({ piece, last, opcode, atMs: this.atMs, cost: piece.length + EVENT_COST });
  }

  private tell(facts: MessageFacts, atMs: number): void {
    const { gate, conn, dir, record } = this.options;
    this.inTurn(() => record({ type: 'message', gate, conn, dir, ...facts }, atMs));
  }

  private inTurn(tell: () => void): void {
    if (this.working) this.enqueue({ tell, cost: EVENT_COST });
    else tell();
  }

  private tellMessage(opcode: DataOpcode, { bytes, payload }: Gathered, atMs: number): void {
    const { dialogue, dir, observer } = this.options;
    const binary = opcode === 'binary';
    const all =
      payload === undefined
        ? [{ bytes, hash: '' }]
        : factsOf(payload, binary, dialogue?.read(dir, payload, binary), observer);
    for (const facts of all) this.tell({ opcode, ...facts }, atMs);
  }

  private enqueue(job: Job): void {
    this.jobs.push(job);
    this.backlog += job.cost;
    if (this.backlog > MAX_BACKLOG_BYTES) this.fail('the decoder fell behind');
    if (!this.working) this.work();
  }

  private work(): void {
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift()) {
      this.backlog -= job.cost;
      if ('tell' in job) {
        job.tell();
        continue;
      }
      const { piece, last, opcode, atMs } = job;
      this.working = true;
      this.inflation?.inflate(piece, last, (error, bytes) => {
        this.working = false;
        if (error) this.abandon(error, atMs);
        else {
          const message = this.inflated.add(bytes, last);
          if (message) this.tellMessage(opcode, message, atMs);
        }
        this.work();
      });
      return;
    }
    this.release();
  }

  private fail(error: unknown): void {
    if (this.deaf) return;
    this.deaf = true;
    const { atMs } = this;
    this.inTurn(() => this.tellWhy(messageOf(error), atMs));
    this.release();
  }

  /** An inflation that went wrong: nothing behind it can be read. */
  private abandon(error: Error, atMs: number): void {
    this.deaf = true;
    this.jobs.length = 0;
    this.backlog = 0;
    this.tellWhy(`permessage-deflate: ${error.message}`, atMs);
  }

  private tellWhy(reason: string, atMs: number): void {
    if (this.toldWhy) return;
    this.toldWhy = true;
    const { gate, conn, dir, record } = this.options;
    record({ type: 'undecodable', gate, conn, dir, reason }, atMs);
  }

  /** Only at rest: closing zlib under its work would take a place of ws's concurrency limit away for good. */
  private release(): void {
    if ((this.ended || this.deaf) && !this.working) this.inflation?.close();
  }
}

interface Gathered {
  readonly bytes: number;
  /** Undefined where the message was too large to be kept. */
  readonly payload: Buffer | undefined;
}

/** Gathers a message's pieces up to a size, and only counts beyond it. The result is valid until the next piece. */
class Bounded {
  private buffer = Buffer.alloc(0);
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  add(piece: Buffer, last: boolean): Gathered | undefined {
    const start = this.bytes;
    this.bytes += piece.length;
    const kept = this.bytes <= this.maxBytes;
    if (last) this.bytes = 0;
    const bytes = start + piece.length;
    if (!kept) {
      this.buffer = Buffer.alloc(0);
      return last ? { bytes, payload: undefined } : undefined;
    }
    // Most messages come whole in one chunk, and need no copy.
    if (last && start === 0) return { bytes, payload: piece };
    if (this.buffer.length < bytes) {
      const grown = Buffer.allocUnsafe(Math.min(this.maxBytes, Math.max(4096, bytes * 2)));
      this.buffer.copy(grown, 0, 0, start);
      this.buffer = grown;
    }
    piece.copy(this.buffer, start);
    return last ? { bytes, payload: this.buffer.subarray(0, bytes) } : undefined;
  }
}
