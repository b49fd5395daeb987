import { type FrameHead, FrameSieve } from './frame-sieve.js';

/** RFC 9113, section 6.9. */
const WINDOW_UPDATE = 0x8;
const NOTHING = Buffer.alloc(0);

/** Keeps the WINDOW_UPDATE frames of streams back, and gives them back. */
export class HeldWindows extends FrameSieve {
  frames = 0;
  private holding = false;
  private readonly held: Buffer[] = [];

  /** From the next frame on. */
  hold(): void {
    this.holding = true;
  }

  /** What was held, where another frame may begin; else it follows behind the one that is under way. */
  release(): Buffer {
    this.holding = false;
    return this.between ? this.behind() : NOTHING;
  }

  protected picks({ type, stream }: FrameHead): boolean {
    return this.holding && type === WINDOW_UPDATE && stream !== 0;
  }

  protected sift(frame: Buffer): Buffer {
    this.frames += 1;
    this.held.push(frame);
    return NOTHING;
  }

  protected behind(): Buffer {
    return this.holding ? NOTHING : Buffer.concat(this.held.splice(0));
  }
}
