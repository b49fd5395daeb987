import { compressor, type Decompressor, decompressor } from 'hpack.js';
import type { Observer, Scalar } from '../contract.js';

/** RFC 9113, section 6.5.2: "The initial value is 4,096 octets." */
const INITIAL_TABLE_BYTES = 4096;
/** What an encoder may raise its table to; the receiver's SETTINGS, which bind it, are its own affair. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024;
const MAX_FIELDS = 64;
/** Of a list, unpacked: a field of the table costs one byte on the wire, however long it is. */
const MAX_LIST_CHARACTERS = 1024 * 1024;
/** grpc-timeout: TimeoutUnit of PROTOCOL-HTTP2.md, in milliseconds. */
const TIMEOUT_UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

export type HeaderList = ReadonlyMap<string, string>;

/** The header blocks of one direction, in their order (HPACK, RFC 7541). */
export class HeaderBlocks {
  private readonly hpack: Decompressor = decompressor.create({ table: { maxSize: MAX_TABLE_BYTES } });

  constructor() {
    this.hpack.updateTableSize(INITIAL_TABLE_BYTES);
  }

  /** The values of a repeated header are joined by ", " (RFC 9110, section 5.3). Throws an Error that says why it cannot be read. */
  read(block: Buffer): HeaderList {
    const headers = new Map<string, string>();
    if (block.length === 0) return headers;
    this.hpack.write(block);
    this.hpack.execute();
    let characters = 0;
    for (let field = this.hpack.read(); field !== null; field = this.hpack.read()) {
      characters += field.name.length + field.value.length;
      if (characters > MAX_LIST_CHARACTERS) throw new Error('a header list over 1 MiB');
      const before = headers.get(field.name);
      headers.set(field.name, before === undefined ? field.value : `${before}, ${field.value}`);
    }
    return headers;
  }
}

/** A block that reads the same whatever the table holds, and changes nothing in it: literals that are never indexed (RFC 7541, section 6.2.3). */
export function literalBlock(fields: Readonly<Record<string, string>>): Buffer {
  const hpack = compressor.create({ table: { maxSize: INITIAL_TABLE_BYTES } });
  hpack.write(Object.entries(fields).map(([name, value]) => ({ name, value, neverIndex: true })));
  return hpack.read() ?? Buffer.alloc(0);
}

/** Metadata as an observer may keep it; pseudo headers are none. */
export function scalarsOf(headers: HeaderList, observer: Observer): Record<string, Scalar> {
  const fields: [string, Scalar][] = [];
  for (const [name, value] of headers) {
    if (fields.length >= MAX_FIELDS) break;
    const kept = name.startsWith(':') ? undefined : observer.scalar(value);
    if (kept !== undefined) fields.push([name.toLowerCase(), kept]);
  }
  return Object.fromEntries(fields);
}

/** PROTOCOL-HTTP2.md: "Timeout → 'grpc-timeout' TimeoutValue TimeoutUnit", of at most 8 digits. */
export function timeoutMsOf(value: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(value ?? '') ?? [];
  const unitMs = TIMEOUT_UNIT_MS[unit];
  return digits === undefined || unitMs === undefined ? undefined : Number(digits) * unitMs;
}

/** PROTOCOL-HTTP2.md: "'application/grpc' [('+proto' / '+json' / {custom})]"; grpc-web is another protocol. */
export function isGrpc(headers: HeaderList): boolean {
  return /^application\/grpc\s*(?:$|[+;])/i.test(headers.get('content-type') ?? '');
}
