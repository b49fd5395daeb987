import type { Socket } from 'node:net';
import { rst } from './rst.js';

/** How much a frozen direction reads on and keeps (CHECKLIST rule 12). */
const SPOOL_BYTES = 64 * 1024 * 1024;
/** What a spooled chunk costs at least: a Buffer's own overhead, so that 64 MiB of single bytes are not 10 GB. */
const CHUNK_COST = 256;
const NOTHING = Buffer.alloc(0);

/** Where a flow reads: something that can be told to wait. */
export interface Source {
  hold(wait: boolean): void;
}

/**
 * One direction of one connection: keeps order, passes bytes on as fast as the far side takes them, and withholds them
 * while frozen. Never more than one chunk is handed to the far socket at a time, so that a freeze leaves (almost)
 * nothing behind in buffers that would still be sent.
 */
export class Flow {
  withheldBytes = 0;
  private readonly spool: Buffer[] = [];
  /** Where the spool's first chunk is: `shift` on an array of 200,000 costs as much as the array is long. */
  private first = 0;
  private spoolCost = 0;
  frozen = false;
  private pending: 'FIN' | 'RST' | undefined;
  private shut = false;
  private readonly flushed = () => this.pump();

  constructor(
    private from: Source,
    private to: Socket,
  ) {}

  /** Where the bytes go from now on; what was handed over before is on its way. Gives where they went. */
  turnTo(to: Socket): Socket {
    const before = this.to;
    this.to = to;
    this.pump();
    return before;
  }

  /** Who is told to wait from now on. */
  comeFrom(from: Source): void {
    this.from = from;
    this.pump();
  }

  take(chunk: Buffer): void {
    // After our own FIN or a reset there is nowhere left to put them.
    if (chunk.length === 0 || this.shut || this.to.destroyed) return;
    this.spool.push(chunk);
    this.spoolCost += Math.max(chunk.length, CHUNK_COST);
    if (this.frozen) this.withheldBytes += chunk.length;
    this.pump();
  }

  /** The near side's end, to be passed on behind its bytes. A reset overtakes them unless frozen. */
  finish(how: 'FIN' | 'RST'): void {
    if (this.pending === 'RST') return;
    this.pending = how;
    if (how === 'RST' && !this.frozen) this.sever();
    else this.pump();
  }

  freeze(): void {
    if (this.frozen) return;
    this.frozen = true;
    this.withheldBytes = 0;
    this.pump();
  }

  thaw(): void {
    if (!this.frozen) return;
    this.frozen = false;
    this.pump();
  }

  /** Our own FIN, at once: what was withheld is dropped. */
  close(): void {
    this.frozen = false;
    this.drop();
    this.finish('FIN');
  }

  /** A reset of the far side, at once. */
  sever(): void {
    this.drop();
    this.shut = true;
    rst(this.to);
  }

  private pump(): void {
    while (!this.frozen && this.to.writableLength === 0 && !this.to.destroyed) {
      const chunk = this.spool[this.first];
      if (chunk === undefined) break;
      this.spool[this.first++] = NOTHING;
      this.spoolCost -= Math.max(chunk.length, CHUNK_COST);
      this.to.write(chunk, this.flushed);
    }
    if (this.first === this.spool.length) this.drop();
    const clear = !this.frozen && this.spool.length === 0 && this.to.writableLength === 0;
    if (clear) this.passEnd();
    this.from.hold(this.frozen ? this.spoolCost >= SPOOL_BYTES : !clear && !this.to.destroyed);
  }

  /** Only once all is written: a shutdown that waits behind unsent bytes would stand in the way of a later reset. */
  private passEnd(): void {
    if (this.pending === undefined || this.shut || this.to.destroyed) return;
    this.shut = true;
    if (this.pending === 'RST') rst(this.to);
    else this.to.end();
  }

  private drop(): void {
    this.spool.length = 0;
    this.first = 0;
    this.spoolCost = 0;
  }
}
