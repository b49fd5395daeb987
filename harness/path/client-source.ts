import type { Socket } from 'node:net';
import { after } from '../clock.js';
import type { Source } from './flow.js';

/**
 * Node's own reading of a client's socket, told to wait only when that changes something. At a throttle's rate it takes
 * up to 64 KiB at once and then nothing for as long as those last: TCP itself opens its window in steps of that size here.
 */
export class ClientSource implements Source {
  private full = false;
  private waiting = false;
  private paced: Disposable | undefined;
  private bytesPerMs: number | undefined;

  constructor(private readonly socket: Socket) {
    socket.once('close', () => this.throttle(null));
  }

  hold(wait: boolean): void {
    this.full = wait;
    this.regulate();
  }

  throttle(bytesPerSecond: number | null): void {
    this.bytesPerMs = bytesPerSecond === null ? undefined : bytesPerSecond / 1000;
    this.rest(undefined);
  }

  pay(length: number): void {
    if (this.bytesPerMs) this.rest(after(length / this.bytesPerMs, () => this.rest(undefined)));
  }

  private rest(paced: Disposable | undefined): void {
    this.paced?.[Symbol.dispose]();
    this.paced = paced;
    this.regulate();
  }

  private regulate(): void {
    const wait = this.full || this.paced !== undefined;
    if (this.waiting === wait || this.socket.destroyed) return;
    this.waiting = wait;
    if (wait) this.socket.pause();
    else this.socket.resume();
  }
}
