const HEAD_BYTES = 9;
/** RFC 9113, sections 6.2, 6.6 and 6.10. */
const HEADERS = [0x1, 0x5, 0x9];
const END_HEADERS = 0x4;
const NOTHING = Buffer.alloc(0);

export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/**
 * Takes frames out of one direction of HTTP/2. Those that touch no header block (RFC 9113, section 4.3) change nothing else of the
 * connection. Begins between two frames.
 */
export abstract class FrameSieve {
  private head = NOTHING;
  /** Of the frame's payload. */
  private left = 0;
  private picked: Buffer[] | undefined;
  /** No other frame may come between HEADERS and its CONTINUATION (section 4.3). */
  private inBlock = false;

  protected abstract picks(head: FrameHead): boolean;
  /** A whole frame that was picked; what goes on in its place. */
  protected abstract sift(frame: Buffer): Buffer;
  /** What follows where another frame may begin. */
  protected abstract behind(): Buffer;

  /** What goes on of these bytes. */
  pass(chunk: Buffer): Buffer {
    const onward: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      const wanted = this.head.length < HEAD_BYTES ? HEAD_BYTES - this.head.length : this.left;
      const piece = Buffer.from(chunk.subarray(at, at + wanted));
      at += piece.length;
      if (this.head.length < HEAD_BYTES) {
        this.head = Buffer.concat([this.head, piece]);
        if (this.head.length < HEAD_BYTES) break;
        this.begin();
        (this.picked ?? onward).push(this.head);
      } else {
        this.left -= piece.length;
        (this.picked ?? onward).push(piece);
      }
      if (this.left > 0) continue;
      if (this.picked) onward.push(this.sift(Buffer.concat(this.picked)));
      [this.head, this.picked] = [NOTHING, undefined];
      if (this.between) onward.push(this.behind());
    }
    return Buffer.concat(onward);
  }

  protected get between(): boolean {
    return this.head.length === 0 && !this.inBlock;
  }

  private begin(): void {
    this.left = this.head.readUIntBE(0, 3);
    const [type = 0, flags = 0] = this.head.subarray(3, 5);
    if (HEADERS.includes(type)) this.inBlock = (flags & END_HEADERS) === 0;
    this.picked = this.picks({ type, flags, stream: this.head.readUInt32BE(5) & 0x7fffffff }) ? [] : undefined;
  }
}
