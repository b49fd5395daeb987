import { createHash, type Hash } from 'node:crypto';
import type { MessageFacts, Observer } from '../contract.js';
import { unpacked } from './length-prefixed.js';
import { protobufFields } from './protobuf-fields.js';

/** Of a larger message only size and hash are kept. */
const MAX_MESSAGE_BYTES = 256 * 1024;
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024;
/** PROTOCOL-HTTP2.md: "Compressed-Flag → 0 / 1", "Message-Length → {length of Message} ... 4 byte unsigned integer (big endian)". */
const PREFIX_BYTES = 5;
const NOTHING = Buffer.alloc(0);

type Facts = Omit<MessageFacts, 'opcode'>;

export interface MessagesOptions {
  readonly observer: Observer;
  /** The decoded message as JSON would have it, or undefined where its type is not known or does not fit. */
  readonly decode: (bytes: Buffer) => unknown;
  /** `grpc-encoding` of this side's headers. */
  readonly encoding: string | undefined;
  readonly tell: (facts: Facts) => void;
}

/** The length-prefixed messages of one direction of a call, from pieces that are cut anywhere. */
export class GrpcMessages {
  private prefix: Buffer | undefined;
  private prefixLength = 0;
  private compressed = false;
  private inMessage = false;
  private length = 0;
  private left = 0;
  private gathered: Buffer[] = [];
  private hash: Hash | undefined;

  constructor(private readonly options: MessagesOptions) {}

  /** Throws an Error whose message is the reason; must not be used after it. */
  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (!this.inMessage) {
        at = this.readPrefix(piece, at);
        continue;
      }
      const length = Math.min(this.left, piece.length - at);
      this.add(piece.subarray(at, at + length));
      at += length;
    }
  }

  get betweenMessages(): boolean {
    return !this.inMessage && this.prefixLength === 0;
  }

  private readPrefix(piece: Buffer, at: number): number {
    if (this.prefixLength === 0 && piece.length - at >= PREFIX_BYTES) {
      this.begin(piece, at);
      return at + PREFIX_BYTES;
    }
    this.prefix ??= Buffer.alloc(PREFIX_BYTES);
    const copied = piece.copy(this.prefix, this.prefixLength, at);
    this.prefixLength += copied;
    if (this.prefixLength === PREFIX_BYTES) {
      this.prefixLength = 0;
      this.begin(this.prefix, 0);
    }
    return at + copied;
  }

  private begin(prefix: Buffer, at: number): void {
    const flag = prefix.readUInt8(at);
    if (flag > 1) throw new Error(`a gRPC message with compressed flag ${flag}`);
    this.compressed = flag === 1;
    this.length = prefix.readUInt32BE(at + 1);
    this.left = this.length;
    this.inMessage = true;
    if (this.length > MAX_MESSAGE_BYTES) this.hash = createHash('sha256');
    if (this.left === 0) this.add(NOTHING);
  }

  private add(piece: Buffer): void {
    this.left -= piece.length;
    const whole = this.left === 0;
    this.inMessage = !whole;
    if (this.hash !== undefined) {
      this.hash.update(piece);
      if (whole) this.tellLarge(this.hash);
    } else if (!whole) {
      this.gathered.push(Buffer.from(piece));
    } else if (this.gathered.length === 0) {
      this.tell(piece);
    } else {
      const message = Buffer.concat([...this.gathered, piece]);
      this.gathered = [];
      this.tell(message);
    }
  }

  private tellLarge(hash: Hash): void {
    this.hash = undefined;
    const { observer, tell } = this.options;
    tell({ bytes: this.length, hash: observer.hash(hash.digest()), form: 'opaque' });
  }

  private tell(message: Buffer): void {
    const { observer, tell } = this.options;
    tell({ bytes: message.length, hash: observer.hash(message), ...this.read(message) });
  }

  private read(message: Buffer): Pick<MessageFacts, 'form' | 'fields'> {
    const { observer, encoding } = this.options;
    try {
      const plain = this.compressed ? unpacked(message, encoding, MAX_UNPACKED_BYTES) : message;
      const value = plain && (this.decoded(plain) ?? protobufFields(plain));
      if (value === undefined) return { form: 'opaque' };
      const text = JSON.stringify(value);
      if (text === '{}') return { form: plain?.length === 0 ? 'empty' : 'json' };
      const { form = 'opaque', fields } = observer.payload(Buffer.from(text), false);
      return fields ? { form, fields } : { form };
    } catch {
      // Not what its flag says, or nothing that JSON can hold.
      return { form: 'opaque' };
    }
  }

  /** A decoder of the target's types may throw at bytes of other types. */
  private decoded(plain: Buffer): unknown {
    try {
      return this.options.decode(plain);
    } catch {
      return undefined;
    }
  }
}
