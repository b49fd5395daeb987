import type { Random } from '../random.js';

/**
 * What a toxic is. One file a toxic (`toxic-<name>.ts`), listed in `toxic-kinds.ts`; nothing else names one.
 *
 *   inbox -> run.chunk() -> stage.put() -> the next stage
 *            run.end()   -> stage.close()
 */
export interface Chunk {
  readonly bytes: Buffer;
  /** When it was read, in `nowMs` time; a latency toxic moves it on by what it waited, so that stacked latencies add up. */
  readonly atMs: number;
}

/** Integers, 0 where not given. */
export type Attributes = Record<string, number>;

/** One run of a toxic on one link: from its start or the last interruption until the next. */
export interface ToxicRun {
  /** The next chunk; no further one comes until `stage.next()`. */
  chunk(chunk: Chunk): void;
  /** The stream has ended, and every chunk has been dealt with. */
  end(): void;
  /** A change interrupts: put out at once what is held. Returning 'stay' refuses, and the run goes on. */
  interrupt?(): 'stay' | undefined;
}

/** What a run may do to its stage. */
export interface StagePort {
  readonly random: Random;
  /** What the toxic remembers on this link across its runs. */
  readonly memory: { bytes: number };
  /** Sends a chunk on; `then` runs when the next stage has taken it (and everything put before it). */
  put(chunk: Chunk, then?: () => void): void;
  /** Lets a chunk go that will not be put. Counted as a bite. */
  drop(bytes: number): void;
  /** Ready for the next chunk. */
  next(): void;
  /** Ends the stream behind what was put. */
  close(): void;
  /** One timer a stage, which an interruption cancels. Times are `nowMs` stamps. */
  at(deadlineMs: number, action: () => void): void;
  /** The toxic did something to the stream just now. */
  bite(): void;
}

export interface ToxicKind {
  readonly type: string;
  /** The names of its attributes, in the order of the JSON. */
  readonly attributes: readonly string[];
  /** How many chunks may queue in front of it (within the link's bytes); 0 for all but latency. */
  readonly queueChunks?: number;
  /** Its removal closes the connection. */
  readonly closesOnRemoval?: boolean;
  /** A connection that starts while it is there closes by RST, whatever closes it. */
  readonly lingersZero?: boolean;
  /** Why these values cannot be had, or undefined. */
  refuse?(attributes: Attributes): string | undefined;
  start(stage: StagePort, attributes: Attributes): ToxicRun;
}

/** A toxic of a proxy. `attributes` and `toxicity` change in place, like the original's. */
export interface Toxic {
  readonly kind: ToxicKind;
  readonly name: string;
  /** As sent: `UPSTREAM` stays so. */
  readonly stream: string;
  readonly direction: 'upstream' | 'downstream';
  toxicity: number;
  readonly attributes: Attributes;
  /** Tells apart toxics that had the same name one after another. */
  readonly serial: number;
}

/** What the losing side of the toxicity roll runs, and the noop toxic. */
export function passThrough(stage: StagePort): ToxicRun {
  return {
    chunk(chunk) {
      stage.put(chunk);
      stage.next();
    },
    end: () => stage.close(),
  };
}

export function attribute(attributes: Attributes, name: string): number {
  return attributes[name] ?? 0;
}
