import { gunzipSync, inflateSync } from 'node:zlib';

/** One message of a gRPC stream: `Length-Prefixed-Message -> Compressed-Flag Message-Length Message` [PROTOCOL-HTTP2.md]. */
export interface Prefixed {
  readonly compressed: boolean;
  /** The first byte: of gRPC-Web and Connect it tells more than gRPC's compressed flag. */
  readonly flags: number;
  readonly bytes: Buffer;
}

const HEAD_BYTES = 5;

/** Reads messages from bytes split anywhere. Half a message at the end is never given. */
export class LengthPrefixedReader {
  private parts: Buffer[] = [];
  private held = 0;

  constructor(private readonly take: (message: Prefixed) => void) {}

  push(chunk: Buffer): void {
    this.parts.push(chunk);
    this.held += chunk.length;
    let wanted = this.wantedBytes();
    if (this.held < wanted) return;
    let rest = this.parts.length === 1 ? chunk : Buffer.concat(this.parts);
    while (rest.length >= HEAD_BYTES && rest.length >= wanted) {
      const [flags = 0] = rest;
      this.take({ compressed: flags === 1, flags, bytes: rest.subarray(HEAD_BYTES, wanted) });
      rest = rest.subarray(wanted);
      wanted = rest.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + rest.readUInt32BE(1);
    }
    this.parts = rest.length === 0 ? [] : [rest];
    this.held = rest.length;
  }

  /** With the message that is under way, as far as its length is known. */
  private wantedBytes(): number {
    if (this.held < HEAD_BYTES) return HEAD_BYTES;
    let [first = Buffer.alloc(0)] = this.parts;
    if (first.length < HEAD_BYTES) {
      first = Buffer.concat(this.parts);
      this.parts = [first];
    }
    return HEAD_BYTES + first.readUInt32BE(1);
  }
}

/** A compressed message unpacked, by `grpc-encoding`; undefined for an encoding that was never offered. Throws beyond the limit, and at what is none. */
export function unpacked(message: Buffer, encoding: string | undefined, maxBytes: number): Buffer | undefined {
  const bounded = { maxOutputLength: maxBytes };
  if (encoding === 'gzip') return gunzipSync(message, bounded);
  return encoding === 'deflate' ? inflateSync(message, bounded) : undefined;
}

export function lengthPrefixed(message: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
