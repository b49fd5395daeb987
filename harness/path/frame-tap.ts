import { nowMs } from '../clock.js';
import type { WireTap, WireTapFactory } from '../contract.js';
import { FrameReader, type FrameSink } from './http2-frames.js';
import { settingsOf } from './http2-tap.js';

/** RFC 9113, section 6.9.2. */
const FIRST_WINDOW_BYTES = 65_535;
/** Of the connection. */
const WHOLE = 0;
/** With less of it left a sender waits, or may. */
const SHUT_BYTES = 1024;

/** Knows where frames end and what the server's windows leave the client to send, and records nothing: for a flood. */
export const tapFrames: WireTapFactory = () => new FrameTap();

class FrameTap implements WireTap {
  private readonly readers = {
    up: new FrameReader(true, this.sentByClient()),
    down: new FrameReader(false, this.sentByServer()),
  };
  private readonly deaf = { up: false, down: false };
  private firstBytes = FIRST_WINDOW_BYTES;
  private readonly leftBytes = new Map([[WHOLE, FIRST_WINDOW_BYTES]]);
  private readonly shut = new Set<number>();
  private shutSinceMs = 0;
  private shutMs = 0;
  private atMs = 0;

  up(chunk: Buffer, atMs: number): void {
    this.read('up', chunk, atMs);
  }

  down(chunk: Buffer, atMs: number): void {
    this.read('down', chunk, atMs);
  }

  end(): void {
    for (const stream of this.leftBytes.keys()) this.forget(stream);
  }

  get betweenMessages(): boolean {
    return !this.deaf.down && this.readers.down.betweenFrames;
  }

  get windowShutMs(): number {
    return this.shutMs + (this.shut.size > 0 ? nowMs() - this.shutSinceMs : 0);
  }

  private read(dir: 'up' | 'down', chunk: Buffer, atMs: number): void {
    this.atMs = atMs;
    try {
      if (!this.deaf[dir]) this.readers[dir].push(chunk);
    } catch {
      // No HTTP/2.
      this.deaf[dir] = true;
    }
  }

  private sentByClient(): FrameSink {
    return {
      control: (frame, stream) => frame === 'RST_STREAM' && this.forget(stream),
      headers: (stream, _block, endStream) => {
        if (!this.leftBytes.has(stream)) this.leftBytes.set(stream, this.firstBytes);
        if (endStream) this.forget(stream);
      },
      data: (stream, piece, endStream) => {
        this.grow(stream, -piece.length);
        this.grow(WHOLE, -piece.length);
        if (endStream) this.forget(stream);
      },
    };
  }

  private sentByServer(): FrameSink {
    return {
      control: (frame, stream, ack, payload) => {
        if (frame === 'WINDOW_UPDATE') this.grow(stream, payload.readUInt32BE(0) & 0x7fffffff);
        else if (frame === 'RST_STREAM') this.forget(stream);
        else if (frame === 'SETTINGS' && !ack) this.resize(settingsOf(payload).SETTINGS_INITIAL_WINDOW_SIZE);
      },
      // An answer that is over asks for no more.
      headers: (stream, _block, endStream) => endStream && this.forget(stream),
      data: (stream, _piece, endStream) => endStream && this.forget(stream),
    };
  }

  /** Section 6.9.2: a change of the first window is one of all windows of streams. */
  private resize(bytes: number | undefined): void {
    if (bytes === undefined) return;
    const by = bytes - this.firstBytes;
    this.firstBytes = bytes;
    for (const stream of this.leftBytes.keys()) if (stream !== WHOLE) this.grow(stream, by);
  }

  private grow(stream: number, byBytes: number): void {
    const left = this.leftBytes.get(stream);
    if (left === undefined) return;
    this.leftBytes.set(stream, left + byBytes);
    this.mark(stream, left + byBytes < SHUT_BYTES);
  }

  private forget(stream: number): void {
    this.mark(stream, false);
    if (stream !== WHOLE) this.leftBytes.delete(stream);
  }

  private mark(stream: number, isShut: boolean): void {
    const before = this.shut.size;
    if (isShut) this.shut.add(stream);
    else this.shut.delete(stream);
    if (before === 0 && isShut) this.shutSinceMs = this.atMs;
    if (before > 0 && this.shut.size === 0) this.shutMs += this.atMs - this.shutSinceMs;
  }
}
