import { connect, type Socket } from 'node:net';
import { after, nowMs } from '../clock.js';
import type { Source } from './flow.js';

/**
 * The size of a read. Small, since it is also what may be taken at once beyond a throttle's rate when one begins; the
 * kernel is asked up to 32 times a loop turn, so it does not limit the speed (measured: 0.9 GB/s with sender, gate and receiver in one process).
 */
const READ_BYTES = 16 * 1024;
/** Shared by all connections: a read is copied out of it before the next one can happen. */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES);
/** A throttle reads this often; a timer is late by a millisecond or more, and what it is late is caught up with. */
const THROTTLE_STEP_MS = 20;
const THROTTLE_CATCH_UP_MS = 50;

export interface UpstreamOptions {
  readonly host: string;
  readonly port: number;
  readonly sourceHost?: string;
  readonly onBytes: (chunk: Buffer) => void;
}

/**
 * The socket beside the server, read into a buffer of ours: Node's own reading would take 64 KiB and more from the
 * kernel at a time, and a slow reader must leave the bytes there, so that the server's buffers fill.
 */
export class Upstream implements Source {
  readonly socket: Socket;
  private full = false;
  private paced: Disposable | undefined;
  private bytesPerMs: number | undefined;
  private paidUntilMs = 0;

  constructor(options: UpstreamOptions) {
    this.socket = connect({
      host: options.host,
      port: options.port,
      ...(options.sourceHost === undefined ? {} : { localAddress: options.sourceHost }),
      allowHalfOpen: true,
      noDelay: true,
      onread: {
        buffer: () => READ_BUFFER.subarray(0, this.nextRead()),
        callback: (length, buffer) => {
          this.pay(length);
          options.onBytes(Buffer.from(buffer.subarray(0, length)));
          return true;
        },
      },
    });
    this.socket.once('close', () => this.throttle(null));
  }

  hold(wait: boolean): void {
    if (this.full === wait) return;
    this.full = wait;
    this.regulate();
  }

  /** Reads on at this rate in bytes per second; `null` lifts it. */
  throttle(bytesPerSecond: number | null): void {
    this.paced?.[Symbol.dispose]();
    this.paced = undefined;
    this.bytesPerMs = bytesPerSecond === null ? undefined : bytesPerSecond / 1000;
    this.paidUntilMs = nowMs();
    if (bytesPerSecond === 0) this.paced = { [Symbol.dispose]: () => undefined };
    this.regulate();
  }

  private nextRead(): number {
    if (this.bytesPerMs === undefined) return READ_BYTES;
    return Math.min(READ_BYTES, Math.max(64, Math.ceil(this.bytesPerMs * THROTTLE_STEP_MS)));
  }

  private pay(length: number): void {
    if (!this.bytesPerMs) return;
    const now = nowMs();
    this.paidUntilMs = Math.max(this.paidUntilMs, now - THROTTLE_CATCH_UP_MS) + length / this.bytesPerMs;
    const aheadMs = this.paidUntilMs - now;
    if (aheadMs < 1) return;
    this.paced = after(aheadMs, () => {
      this.paced = undefined;
      this.regulate();
    });
    this.regulate();
  }

  private regulate(): void {
    if (this.socket.destroyed) return;
    if (this.full || this.paced !== undefined) this.socket.pause();
    else this.socket.resume();
  }
}
