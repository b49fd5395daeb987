import type { Random } from '../random.js';

/** `handshake`: instead of one. `session`: after a good one. `deflate`: after one that asked for permessage-deflate. */
export type GarbageStage = 'handshake' | 'session' | 'deflate';
/** What is wrong with it, in a few words, and the bytes. */
export type Garbage = readonly [kind: string, bytes: Buffer];

export function named(kind: string, bytes: Buffer): Garbage {
  return [kind, bytes];
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export function noise(random: Random, atLeast: number, atMost: number): Buffer {
  return Buffer.from(times(random.integer(atLeast, atMost), () => random.integer(0, 255)));
}

/** Masked with a zero key (RFC 6455 5.3 asks for a mask, not for a good one). */
export function frame(first: number, payload: Buffer): Buffer {
  if (payload.length > 0xffff) return Buffer.concat([head(first, BigInt(payload.length)), payload]);
  const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([first, ...length, 0, 0, 0, 0]), payload]);
}

export function head(first: number, bytes: bigint): Buffer {
  const made = Buffer.alloc(14);
  made.writeUInt8(first, 0);
  made.writeUInt8(0xff, 1);
  made.writeBigUInt64BE(bytes, 2);
  return made;
}
