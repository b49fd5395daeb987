import type { Socket } from 'node:net';
import { nowMs } from '../clock.js';
import type { Random } from '../random.js';
import { type Feeder, type LinkBudget, type Sink, Stage } from './stage.js';
import type { Chunk, Toxic } from './toxic.js';

/** The original reads at most this much at a time; libuv hands out twice as much. Pieces and rates depend on it. */
const CHUNK_BYTES = 32 * 1024;
/** What one read may still add when the budget allows no more. */
const READ_BYTES = 64 * 1024;

export interface LinkOptions {
  /** The most bytes that the stages of one direction hold. */
  readonly bufferBytes: number;
}

/**
 * One direction of one connection:
 *
 *   source socket -> reader -> stage -> stage ... -> writer -> destination socket
 *
 * The end of the stream travels through the stages behind the data. When it comes out, `ended` is called once: the connection
 * then closes the destination.
 */
export class Link implements Sink, Feeder, LinkBudget {
  readBytes = 0;
  writtenBytes = 0;

  private readonly stages: Stage[] = [];
  private sourceEnded = false;
  private outEnded = false;
  private abandoned = false;
  /** The destination's own buffer is full. */
  private choked = false;

  constructor(
    private readonly source: Socket,
    private readonly destination: Socket,
    private readonly random: Random,
    private readonly options: LinkOptions,
    private readonly ended: () => void,
  ) {
    destination.on('drain', () => {
      this.choked = false;
      this.last().room();
    });
  }

  /** Begins to read, through these toxics. */
  start(toxics: readonly Toxic[]): void {
    for (const toxic of toxics) this.append(toxic);
    for (const stage of this.stages) stage.start();
    this.source.on('data', (bytes) => this.read(bytes));
    this.source.on('end', () => this.endSource());
    this.source.resume();
  }

  // ---- changes to a live link; none waits for anything

  addToxic(toxic: Toxic): void {
    const before = this.stages.at(-1);
    if (this.isOver() || (before && !before.interrupt())) return;
    const stage = this.append(toxic);
    stage.start();
    before?.start();
  }

  updateToxic(toxic: Toxic): void {
    const stage = this.stages.find((one) => one.toxic === toxic);
    if (stage?.interrupt()) stage.start();
  }

  removeToxic(toxic: Toxic): void {
    const index = this.stages.findIndex((one) => one.toxic === toxic);
    const stage = this.stages[index];
    if (!stage?.interrupt()) return;
    if (toxic.kind.closesOnRemoval) {
      stage.close();
      return;
    }
    const before = this.stages[index - 1];
    const after = this.stages[index + 1];
    const interrupted = before?.interrupt();
    this.stages.splice(index, 1);
    if (before) before.sink = stage.sink;
    if (after) after.feeder = stage.feeder;
    stage.flush();
    if (interrupted) before?.start();
    stage.feeder.room();
  }

  bitesOf(toxic: Toxic): number {
    return this.stages.find((one) => one.toxic === toxic)?.bites ?? 0;
  }

  /** The source is closed or failed: what was read is still delivered. */
  endSource(): void {
    if (this.sourceEnded) return;
    this.sourceEnded = true;
    this.head().closeInput();
  }

  /** The destination is gone: nothing can be delivered. */
  abandon(): void {
    if (this.abandoned) return;
    this.abandoned = true;
    for (const stage of this.stages) stage.abandon();
    // Read no further: whoever sends finds out when its socket is closed.
    this.source.pause();
  }

  // ---- LinkBudget, Feeder (of the first stage) and Sink (of the last)

  mayQueue(): boolean {
    const held = this.stages.reduce((sum, stage) => sum + stage.heldBytes, 0);
    return held === 0 || held + READ_BYTES <= this.options.bufferBytes;
  }

  room(): void {
    if (this.abandoned || this.sourceEnded || !this.source.isPaused()) return;
    if (this.head().hasRoom()) this.source.resume();
  }

  hasRoom(): boolean {
    return !this.choked && !this.abandoned;
  }

  take(chunk: Chunk): void {
    if (this.abandoned || this.outEnded || chunk.bytes.length === 0) return;
    this.writtenBytes += chunk.bytes.length;
    // A large chunk is over Node's mark at once, also where the kernel took all of it: only what is left here counts.
    if (!this.destination.write(chunk.bytes) && this.destination.writableLength > 0) this.choked = true;
  }

  closeInput(): void {
    if (this.outEnded || this.abandoned) return;
    this.outEnded = true;
    this.ended();
  }

  // ----

  private read(bytes: Buffer): void {
    if (this.abandoned) return;
    this.readBytes += bytes.length;
    const head = this.head();
    if (head === this) {
      // Only toxics care how large a chunk is and when it came.
      this.take({ bytes, atMs: 0 });
    } else {
      const atMs = nowMs();
      for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
        head.take({ bytes: bytes.length <= CHUNK_BYTES ? bytes : bytes.subarray(from, from + CHUNK_BYTES), atMs });
      }
    }
    if (!head.hasRoom()) this.source.pause();
  }

  private append(toxic: Toxic): Stage {
    const before = this.stages.at(-1);
    const random = this.random.fork(`${toxic.name}#${toxic.serial}`);
    const stage = new Stage(toxic, random, this, { sink: this, feeder: before ?? this });
    if (before) before.sink = stage;
    this.stages.push(stage);
    return stage;
  }

  private isOver(): boolean {
    return this.outEnded || this.abandoned || (this.sourceEnded && this.stages.length === 0);
  }

  private head(): Sink {
    return this.stages[0] ?? this;
  }

  private last(): Feeder {
    return this.stages.at(-1) ?? this;
  }
}
