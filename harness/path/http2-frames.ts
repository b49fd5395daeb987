/** RFC 9113, section 3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const HEAD_BYTES = 9;
/** Of a frame that is gathered, and of a header block; what a program sends is far below. */
const MAX_GATHERED_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** RFC 9113, section 6. */
const TYPE = { DATA: 0, HEADERS: 1, PUSH_PROMISE: 5, CONTINUATION: 9 } as const;
const CONTROL: ReadonlyMap<number, ControlType> = new Map([
  [0x3, 'RST_STREAM'],
  [0x4, 'SETTINGS'],
  [0x6, 'PING'],
  [0x7, 'GOAWAY'],
  [0x8, 'WINDOW_UPDATE'],
]);
const FLAG = { ACK: 0x1, END_STREAM: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

export type ControlType = 'RST_STREAM' | 'SETTINGS' | 'PING' | 'GOAWAY' | 'WINDOW_UPDATE';

/** What a reader sees. Bytes are valid only during the call. */
export interface FrameSink {
  control(frame: ControlType, stream: number, ack: boolean, payload: Buffer): void;
  /** A whole header block; `promised` is the stream of a PUSH_PROMISE. */
  headers(stream: number, block: Buffer, endStream: boolean, promised: number | undefined): void;
  /** A piece of a DATA frame without its padding; `endStream` with the last piece of the last frame. */
  data(stream: number, piece: Buffer, endStream: boolean): void;
}

interface HeaderBlock {
  readonly stream: number;
  readonly endStream: boolean;
  readonly promised: number | undefined;
  readonly fragments: Buffer[];
  bytes: number;
}

/**
 * Reads the frames of one direction (RFC 9113, section 4.1). DATA is handed on as it comes, so that it costs no memory
 * here. Strict where what follows could not be read, lenient in what is the peers' business (stream states, windows).
 */
export class FrameReader {
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private headLength = 0;
  private prefaceLeft: number;
  private began = false;
  private inPayload = false;
  private type = 0;
  private flags = 0;
  private stream = 0;
  /** Of the payload, and of the data in it, without the padding. */
  private left = 0;
  private dataLeft = 0;
  private padUnread = false;
  private gathered: Buffer[] = [];
  private block: HeaderBlock | undefined;

  constructor(
    fromClient: boolean,
    private readonly sink: FrameSink,
  ) {
    this.prefaceLeft = fromClient ? PREFACE.length : 0;
  }

  /** Another frame may begin here. RFC 9113, section 4.3: no frame may come between HEADERS and its CONTINUATION. */
  get betweenFrames(): boolean {
    return this.began && !this.inPayload && this.headLength === 0 && this.block === undefined;
  }

  /** Throws an Error whose message is the reason; the reader must not be used after it. */
  push(chunk: Buffer): void {
    let at = this.prefaceLeft > 0 ? this.readPreface(chunk) : 0;
    while (at < chunk.length) {
      if (!this.inPayload) {
        at = this.readHead(chunk, at);
        continue;
      }
      const length = Math.min(this.left, chunk.length - at);
      this.payload(chunk.subarray(at, at + length));
      at += length;
    }
  }

  private readPreface(chunk: Buffer): number {
    const from = PREFACE.length - this.prefaceLeft;
    const length = Math.min(this.prefaceLeft, chunk.length);
    if (PREFACE.compare(chunk, 0, length, from, from + length) !== 0) throw new Error('no preface of HTTP/2');
    this.prefaceLeft -= length;
    return length;
  }

  private readHead(chunk: Buffer, at: number): number {
    if (this.headLength === 0 && chunk.length - at >= HEAD_BYTES) {
      this.begin(chunk, at);
      return at + HEAD_BYTES;
    }
    const copied = chunk.copy(this.head, this.headLength, at);
    this.headLength += copied;
    if (this.headLength === HEAD_BYTES) {
      this.headLength = 0;
      this.begin(this.head, 0);
    }
    return at + copied;
  }

  private begin(head: Buffer, at: number): void {
    this.left = head.readUIntBE(at, 3);
    this.type = head.readUInt8(at + 3);
    this.flags = head.readUInt8(at + 4);
    this.stream = head.readUInt32BE(at + 5) & 0x7fffffff;
    const { left, type, block } = this;
    // Section 3.4: of either side SETTINGS "MUST be the first frame".
    if (!this.began && CONTROL.get(type) !== 'SETTINGS') throw new Error('the first frame is not SETTINGS');
    this.began = true;
    if (block ? type !== TYPE.CONTINUATION || this.stream !== block.stream : type === TYPE.CONTINUATION)
      throw new Error('a header block and its CONTINUATION do not follow one another');
    if (type !== TYPE.DATA && this.isRead && left > MAX_GATHERED_BYTES) throw new Error('frame over 1 MiB');
    this.inPayload = true;
    this.dataLeft = left;
    this.padUnread = type === TYPE.DATA && (this.flags & FLAG.PADDED) !== 0;
    if (left === 0) this.payload(NOTHING);
  }

  /** PRIORITY and the frames of extensions are passed over. */
  private get isRead(): boolean {
    const { type } = this;
    return type <= TYPE.HEADERS || type === TYPE.PUSH_PROMISE || type === TYPE.CONTINUATION || CONTROL.has(type);
  }

  private payload(piece: Buffer): void {
    if (this.type === TYPE.DATA) {
      this.dataPayload(piece);
      return;
    }
    this.left -= piece.length;
    const whole = this.left === 0;
    if (!this.isRead) {
      this.inPayload = !whole;
      return;
    }
    if (!whole) {
      this.gathered.push(Buffer.from(piece));
      return;
    }
    this.inPayload = false;
    // Nearly all come whole in one chunk, and need no copy.
    const { gathered } = this;
    if (gathered.length > 0) this.gathered = [];
    this.frame(gathered.length === 0 ? piece : Buffer.concat([...gathered, piece]));
  }

  private dataPayload(piece: Buffer): void {
    let data = piece;
    if (this.padUnread) {
      this.padUnread = false;
      this.dataLeft = this.left - 1 - (piece[0] ?? 0);
      if (this.dataLeft < 0) throw new Error('a DATA frame shorter than its padding');
      data = piece.subarray(1);
    }
    this.left -= piece.length;
    if (data.length > this.dataLeft) data = data.subarray(0, this.dataLeft);
    this.dataLeft -= data.length;
    this.inPayload = this.left > 0;
    this.sink.data(this.stream, data, !this.inPayload && (this.flags & FLAG.END_STREAM) !== 0);
  }

  private frame(payload: Buffer): void {
    const control = CONTROL.get(this.type);
    if (control !== undefined) {
      checkLength(control, payload.length);
      const ack = (control === 'SETTINGS' || control === 'PING') && (this.flags & FLAG.ACK) !== 0;
      this.sink.control(control, this.stream, ack, payload);
      return;
    }
    if (this.type === TYPE.CONTINUATION) this.addFragment(payload);
    else this.beginBlock(payload);
  }

  /** Sections 6.2 and 6.6: pad length, then priority or promised stream, then the fragment, then the padding. */
  private beginBlock(payload: Buffer): void {
    let [from, to] = [0, payload.length];
    if (this.flags & FLAG.PADDED) {
      to -= payload[0] ?? 0;
      from += 1;
    }
    const promise = this.type === TYPE.PUSH_PROMISE;
    const promisedAt = from;
    if (promise) from += 4;
    else if (this.flags & FLAG.PRIORITY) from += 5;
    if (from > to) throw new Error('a HEADERS frame shorter than its padding');
    this.block = {
      stream: this.stream,
      endStream: !promise && (this.flags & FLAG.END_STREAM) !== 0,
      promised: promise ? payload.readUInt32BE(promisedAt) & 0x7fffffff : undefined,
      fragments: [],
      bytes: 0,
    };
    this.addFragment(payload.subarray(from, to));
  }

  private addFragment(fragment: Buffer): void {
    const { block } = this;
    if (block === undefined) return;
    block.bytes += fragment.length;
    if (block.bytes > MAX_GATHERED_BYTES) throw new Error('header block over 1 MiB');
    if (!(this.flags & FLAG.END_HEADERS)) {
      block.fragments.push(Buffer.from(fragment));
      return;
    }
    this.block = undefined;
    const { stream, fragments, endStream, promised } = block;
    const whole = fragments.length === 0 ? fragment : Buffer.concat([...fragments, fragment]);
    this.sink.headers(stream, whole, endStream, promised);
  }
}

/** One frame of a payload that fits into it (section 4.2: 16,384 bytes). */
export function frameOf(type: keyof typeof TYPE | ControlType, stream: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  const named = Object.entries(TYPE).find(([name]) => name === type)?.[1];
  head.writeUInt8(named ?? [...CONTROL].find(([, name]) => name === type)?.[0] ?? TYPE.DATA, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function checkLength(frame: ControlType, length: number): void {
  const right =
    frame === 'SETTINGS' ? length % 6 === 0 : frame === 'GOAWAY' ? length >= 8 : length === (frame === 'PING' ? 8 : 4);
  if (!right) throw new Error(`a ${frame} frame of ${length} bytes`);
}
