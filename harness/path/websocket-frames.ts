export type DataOpcode = 'text' | 'binary';
export type ControlOpcode = 'close' | 'ping' | 'pong';

/** What a walker sees. Bytes are valid only during the call. */
export interface FrameSink {
  control(opcode: ControlOpcode, payload: Buffer): void;
  /** A piece of a data message, unmasked and not inflated, in order; `last` once the message is whole. */
  data(opcode: DataOpcode, piece: Buffer, compressed: boolean, last: boolean): void;
}

const CONTROL: ReadonlyMap<number, ControlOpcode> = new Map([
  [0x8, 'close'],
  [0x9, 'ping'],
  [0xa, 'pong'],
]);
const NOTHING = Buffer.alloc(0);
const MAX_CONTROL_BYTES = 125;

/**
 * Walks the frames of one direction (RFC 6455, section 5.2) and hands payload on as it comes, so that a message of any
 * size costs no memory here. ws's Receiver gathers whole messages, and is therefore not used.
 *
 * Strict where what follows could not be read or must not be (framing, masks, reserved bits), lenient in what is the
 * reader's business (UTF-8, close codes): a message that a fault made wrong is to be seen, and so are those after it.
 */
export class FrameWalker {
  private readonly head = Buffer.alloc(14);
  private headLength = 0;
  private headNeed = 2;
  private remaining = 0;
  /** Where in the payload the next byte is, modulo 4, for the mask. */
  private maskAt = 0;
  private control: { readonly opcode: ControlOpcode; readonly bytes: Buffer; length: number } | undefined;
  private message: { readonly opcode: DataOpcode; readonly compressed: boolean } | undefined;
  private inPayload = false;
  private closed = false;
  private scratch = NOTHING;

  constructor(
    /** Whether frames come from a client. RFC 6455, 5.1: "a client MUST mask all frames that it sends to the server". */
    private readonly masked: boolean,
    /** Whether permessage-deflate was agreed upon; RSV1 means nothing otherwise. */
    private readonly deflate: boolean,
    private readonly sink: FrameSink,
  ) {}

  /** Another message may begin here: no frame is half read, and no fragment to follow. */
  get betweenMessages(): boolean {
    return !this.closed && !this.inPayload && this.headLength === 0 && this.message === undefined;
  }

  /** Throws an Error whose message is the reason; the walker must not be used after it. */
  push(chunk: Buffer): void {
    let at = 0;
    // Nothing may follow a close frame, and nothing that does has a meaning.
    while (at < chunk.length && !this.closed) {
      if (!this.inPayload) {
        this.head[this.headLength++] = chunk[at++] ?? 0;
        if (this.headLength === 2) this.beginHead();
        if (this.headLength === this.headNeed) this.beginPayload();
        continue;
      }
      const length = Math.min(this.remaining, chunk.length - at);
      this.payload(chunk.subarray(at, at + length));
      at += length;
    }
  }

  private beginHead(): void {
    const flags = this.head[0] ?? 0;
    const size = (this.head[1] ?? 0) & 0x7f;
    const opcode = flags & 0x0f;
    const final = (flags & 0x80) !== 0;
    const rsv1 = (flags & 0x40) !== 0;
    const control = opcode >= 0x8;
    if ((flags & 0x30) !== 0) throw new Error('reserved bit RSV2 or RSV3 is set');
    if (rsv1 && (!this.deflate || control || opcode === 0)) throw new Error('reserved bit RSV1 is set');
    if (opcode > 0x2 && !CONTROL.has(opcode)) throw new Error(`reserved opcode 0x${opcode.toString(16)}`);
    if (control && !final) throw new Error('fragmented control frame');
    if (control && size > MAX_CONTROL_BYTES) throw new Error('control frame over 125 bytes');
    if (opcode === 0 && this.message === undefined) throw new Error('continuation of no message');
    if ((opcode === 1 || opcode === 2) && this.message !== undefined) throw new Error('message inside a message');
    const masked = ((this.head[1] ?? 0) & 0x80) !== 0;
    if (masked !== this.masked)
      throw new Error(masked ? 'masked frame of a server' : 'frame of a client is not masked');
    this.headNeed = 2 + (size === 127 ? 8 : size === 126 ? 2 : 0) + (masked ? 4 : 0);
  }

  private beginPayload(): void {
    const size = (this.head[1] ?? 0) & 0x7f;
    if (size === 127 && this.head.readUInt32BE(2) > 0x1fffff) throw new Error('frame over 2^53 bytes');
    this.remaining =
      size === 126
        ? this.head.readUInt16BE(2)
        : size === 127
          ? this.head.readUInt32BE(2) * 2 ** 32 + this.head.readUInt32BE(6)
          : size;
    const flags = this.head[0] ?? 0;
    const control = CONTROL.get(flags & 0x0f);
    if (control !== undefined) {
      this.control = { opcode: control, bytes: Buffer.alloc(this.remaining), length: 0 };
    } else if (this.message === undefined) {
      this.message = { opcode: (flags & 0x0f) === 1 ? 'text' : 'binary', compressed: (flags & 0x40) !== 0 };
    }
    this.inPayload = true;
    this.maskAt = 0;
    if (this.remaining === 0) this.payload(NOTHING);
  }

  private payload(bytes: Buffer): void {
    const clear = this.masked ? this.unmask(bytes) : bytes;
    this.remaining -= bytes.length;
    const whole = this.remaining === 0;
    const { control, message } = this;
    if (whole) {
      this.inPayload = false;
      this.headLength = 0;
      this.headNeed = 2;
    }
    if (control !== undefined) {
      control.length += clear.copy(control.bytes, control.length);
      if (!whole) return;
      this.control = undefined;
      this.closed = control.opcode === 'close';
      this.sink.control(control.opcode, control.bytes);
    } else if (message !== undefined) {
      const last = whole && ((this.head[0] ?? 0) & 0x80) !== 0;
      if (last) this.message = undefined;
      this.sink.data(message.opcode, clear, message.compressed, last);
    }
  }

  /** Into a buffer of its own: the chunk itself goes on to the server. */
  private unmask(bytes: Buffer): Buffer {
    if (this.scratch.length < bytes.length) this.scratch = Buffer.allocUnsafeSlow(bytes.length);
    const { scratch, head, maskAt, headNeed } = this;
    const length = bytes.length;
    const key = headNeed - 4;
    const m0 = head[key + (maskAt & 3)] ?? 0;
    const m1 = head[key + ((maskAt + 1) & 3)] ?? 0;
    const m2 = head[key + ((maskAt + 2) & 3)] ?? 0;
    const m3 = head[key + ((maskAt + 3) & 3)] ?? 0;
    for (let i = 0; i < length; i += 4) {
      scratch[i] = (bytes[i] ?? 0) ^ m0;
      scratch[i + 1] = (bytes[i + 1] ?? 0) ^ m1;
      scratch[i + 2] = (bytes[i + 2] ?? 0) ^ m2;
      scratch[i + 3] = (bytes[i + 3] ?? 0) ^ m3;
    }
    this.maskAt = (maskAt + length) & 3;
    return scratch.subarray(0, length);
  }
}
