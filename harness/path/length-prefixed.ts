import { gunzipSync, inflateSync } from 'node:zlib';

/** One message of a gRPC stream: `Length-Prefixed-Message -> Compressed-Flag Message-Length Message` [PROTOCOL-HTTP2.md]. */
export interface Prefixed {
  readonly compressed: boolean;
  /** The first byte: of gRPC-Web and Connect it tells more than gRPC's compressed flag. */
  readonly flags: number;
  readonly bytes: Buffer;
}

const HEAD_BYTES = 5;
/** A message of 64 MiB, as a scenario sends it, may come back. */
const MAX_MESSAGE_BYTES = 72 * 1024 * 1024;

/** Reads messages from bytes split anywhere. Half a message at the end is never given. */
export class LengthPrefixedReader {
  private parts: Buffer[] = [];
  private held = 0;

  constructor(private readonly take: (message: Prefixed) => void) {}

  /** Throws an Error at a message that is announced as larger than any; the reader must not be used after it. */
  push(chunk: Buffer): void {
    this.parts.push(chunk);
    this.held += chunk.length;
    let wanted = this.wantedBytes();
    if (this.held < wanted) return;
    // What is one part may have been several before: not the chunk alone.
    let rest = this.parts.length === 1 ? (this.parts[0] ?? chunk) : Buffer.concat(this.parts);
    while (rest.length >= HEAD_BYTES && rest.length >= wanted) {
      const [flags = 0] = rest;
      this.take({ compressed: flags === 1, flags, bytes: rest.subarray(HEAD_BYTES, wanted) });
      rest = rest.subarray(wanted);
      wanted = rest.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + lengthOf(rest);
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
    return HEAD_BYTES + lengthOf(first);
  }
}

function lengthOf(head: Buffer): number {
  const bytes = head.readUInt32BE(1);
  if (bytes > MAX_MESSAGE_BYTES) throw new Error(`a message of ${bytes} bytes is announced`);
  return bytes;
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
