import { at } from '../clock.js';
import type { Random } from '../random.js';
import { type Chunk, passThrough, type StagePort, type Toxic, type ToxicRun } from './toxic.js';

/** Where chunks go: a stage, or the writer at the end of a link. */
export interface Sink {
  hasRoom(): boolean;
  /** Takes a chunk; without room too, which only a change to a live link makes use of. */
  take(chunk: Chunk): void;
  /** No chunk comes after those taken. */
  closeInput(): void;
}

/** Whom to tell that there is room again: the stage before, or the reader. */
export interface Feeder {
  room(): void;
}

/** What all stages of a link share. */
export interface LinkBudget {
  /** May a stage that queues take more? Bounds what a link hides, in bytes. */
  mayQueue(): boolean;
}

/**
 * One toxic on one live link. It takes the next chunk when its run is done with the last *and* the next stage has taken all
 * that was put, so that a stalled receiver stalls the whole chain, stage by stage, as far as the sender's socket.
 *
 * Nothing here ever waits for a receiver: an interruption moves what is held to the outbox and returns.
 */
export class Stage implements Sink, Feeder, StagePort {
  readonly memory = { bytes: 0 };
  /** Bytes in inbox, run and outbox. */
  heldBytes = 0;
  bites = 0;
  closed = false;
  sink: Sink;
  feeder: Feeder;

  private readonly inbox: Chunk[] = [];
  private readonly outbox: Chunk[] = [];
  private inputClosed = false;
  private endPassed = false;
  private run: ToxicRun;
  /** The run has a chunk in hand, or the end. */
  private busy = false;
  private working = false;
  private onTaken: (() => void) | undefined;
  private timer: Disposable | undefined;

  constructor(
    readonly toxic: Toxic,
    readonly random: Random,
    private readonly budget: LinkBudget,
    around: { readonly sink: Sink; readonly feeder: Feeder },
  ) {
    this.sink = around.sink;
    this.feeder = around.feeder;
    this.run = passThrough(this);
  }

  /** Begins a run: rolls the toxicity once for all of it. */
  start(): void {
    this.busy = false;
    const wins = this.random.next() < this.toxic.toxicity;
    this.run = wins ? this.toxic.kind.start(this, this.toxic.attributes) : passThrough(this);
    this.work();
  }

  /** Ends the run, with what it held put out; `false` where it is closed already or will not be interrupted. */
  interrupt(): boolean {
    if (this.closed) return false;
    const wasBusy = this.busy;
    // Until the next start nothing is given to a run: it would be lost with a stage that is taken out.
    this.busy = true;
    if (this.run.interrupt?.() === 'stay') {
      this.busy = wasBusy;
      return false;
    }
    this.clearTimer();
    this.onTaken = undefined;
    return true;
  }

  /** Hands everything on to the next stage, room or not: the stage is about to be taken out. */
  flush(): void {
    for (const chunk of [...this.outbox.splice(0), ...this.inbox.splice(0)]) {
      this.heldBytes -= chunk.bytes.length;
      this.sink.take(chunk);
    }
    if (this.inputClosed) this.sink.closeInput();
  }

  /** The connection is gone: nothing happens here any more. */
  abandon(): void {
    this.clearTimer();
    this.onTaken = undefined;
    this.closed = true;
    this.endPassed = true;
    this.inbox.length = 0;
    this.outbox.length = 0;
    this.heldBytes = 0;
  }

  // ---- Sink and Feeder

  hasRoom(): boolean {
    if (this.closed) return false;
    const queue = this.toxic.kind.queueChunks ?? 0;
    if (queue > 0) return this.inbox.length < queue && this.budget.mayQueue();
    return !this.busy && this.inbox.length === 0 && this.outbox.length === 0;
  }

  take(chunk: Chunk): void {
    if (this.closed) return;
    this.heldBytes += chunk.bytes.length;
    this.inbox.push(chunk);
    this.work();
  }

  closeInput(): void {
    this.inputClosed = true;
    this.work();
  }

  room(): void {
    this.work();
  }

  // ---- StagePort

  put(chunk: Chunk, then?: () => void): void {
    this.outbox.push(chunk);
    this.onTaken = then;
    this.work();
  }

  drop(bytes: number): void {
    this.heldBytes -= bytes;
    this.bite();
  }

  next(): void {
    this.busy = false;
    this.work();
  }

  close(): void {
    this.closed = true;
    this.clearTimer();
    for (const chunk of this.inbox.splice(0)) this.heldBytes -= chunk.bytes.length;
    this.work();
  }

  at(deadlineMs: number, action: () => void): void {
    this.clearTimer();
    this.timer = at(deadlineMs, () => {
      this.timer = undefined;
      action();
    });
  }

  bite(): void {
    this.bites++;
  }

  // ---- the loop

  /** Goes as far as it can; calls itself from within only by setting a flag, so that stacks stay flat. */
  private work(): void {
    if (this.working) return;
    this.working = true;
    while (this.turn());
    this.working = false;
    if (this.hasRoom()) this.feeder.room();
  }

  private turn(): boolean {
    const first = this.outbox[0];
    if (first !== undefined) {
      if (!this.sink.hasRoom()) return false;
      this.outbox.shift();
      this.heldBytes -= first.bytes.length;
      this.sink.take(first);
      return true;
    }
    if (this.closed) {
      if (!this.endPassed) {
        this.endPassed = true;
        this.sink.closeInput();
      }
      return false;
    }
    if (this.onTaken) {
      const then = this.onTaken;
      this.onTaken = undefined;
      then();
      return true;
    }
    if (this.busy) return false;
    const chunk = this.inbox.shift();
    if (chunk === undefined && !this.inputClosed) return false;
    this.busy = true;
    if (chunk) this.run.chunk(chunk);
    else this.run.end();
    return true;
  }

  private clearTimer(): void {
    this.timer?.[Symbol.dispose]();
    this.timer = undefined;
  }
}
