import { isUtf8 } from 'node:buffer';
import { createHmac, createSecretKey } from 'node:crypto';
import type { Observer, Scalar } from '../contract.js';
import { jsonIn } from '../id-field.js';

/** 64 bits: among the 1e6 distinct values of a large run two collide with a chance of 3e-8. */
const HASH_DIGITS = 16;
/** Larger payloads are kept as opaque: parsing them would delay the bytes that the gate passes on. */
const MAX_JSON_BYTES = 256 * 1024;
/** Room for a replay of hundreds of messages in one. */
const MAX_FIELDS = 1024;
const MAX_DEPTH = 8;
const MAX_ITEMS = 512;
/** A longer pointer is data that stands in a name's place; it is left out. */
const MAX_POINTER = 256;
/** Types, topics and users recur in every message; an HMAC costs 2 µs, a look-up none. */
const MEMO_ENTRIES = 4096;
const MEMO_LENGTH = 64;

/**
 * Makes the observer of one run. Strings and payloads leave it only as keyed hash and length: whoever has a saved run
 * but not its key cannot try guesses against it.
 */
export function createObserver(key: string): Observer {
  const secret = createSecretKey(Buffer.from(key, 'utf8'));
  const memo = new Map<string, string>();

  const digest = (bytes: Buffer | string) =>
    createHmac('sha256', secret).update(bytes).digest('hex').slice(0, HASH_DIGITS);

  const hash = (bytes: Buffer | string): string => {
    if (typeof bytes !== 'string' || bytes.length > MEMO_LENGTH) return digest(bytes);
    const known = memo.get(bytes);
    if (known !== undefined) return known;
    if (memo.size >= MEMO_ENTRIES) memo.clear();
    const fresh = digest(bytes);
    memo.set(bytes, fresh);
    return fresh;
  };

  const scalar = (value: unknown): Scalar | undefined => {
    if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
    if (typeof value !== 'string') return undefined;
    const number = integerIn(value) ?? instantIn(value);
    const kept = { hash: hash(value), length: value.length };
    return number === undefined ? kept : { ...kept, number };
  };

  return {
    hash,
    scalar,
    payload(bytes) {
      const facts = { hash: digest(bytes), bytes: bytes.length };
      if (bytes.length === 0) return { ...facts, form: 'empty' };
      const parsed = parseJson(bytes);
      if (parsed === undefined) {
        // A bare date is a value like a bare number.
        const instant = bytes.length <= 40 ? scalar(bytes.toString('latin1')) : undefined;
        const dated = typeof instant === 'object' && instant !== null && instant.number !== undefined;
        return dated ? { ...facts, form: 'json', fields: { '': instant } } : { ...facts, form: 'opaque' };
      }
      return { ...facts, form: 'json', fields: scalarsOf(parsed.value, scalar) };
    },
  };
}

/** The integer that a string is, decimal or `0x` hexadecimal; undefined where a double could not hold it exactly. */
function integerIn(text: string): number | undefined {
  if (!/^(?:-?\d{1,16}|0x[0-9a-f]{1,14})$/i.test(text)) return undefined;
  const number = Number(text);
  // Number('-0') is -0, which JSON writes as 0.
  return Number.isSafeInteger(number) ? number + 0 : undefined;
}

/** Milliseconds since the epoch of a date and time (RFC 3339): told from an id by advancing with the clock. */
function instantIn(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)*$/.test(text)) return undefined;
  const number = Date.parse(text.replace(/(?<=[+-]\d\d:?\d\d)Z$/, ''));
  return Number.isNaN(number) ? undefined : number;
}

/** The opcode is no hint: many programs send JSON in binary messages, and text that is anything but JSON. */
function parseJson(bytes: Buffer): { readonly value: unknown } | undefined {
  if (bytes.length > MAX_JSON_BYTES || !mayBeginJson(bytes) || !isUtf8(bytes)) return undefined;
  const values = jsonIn(bytes);
  if (values.length === 0) return undefined;
  return { value: values.length === 1 ? values[0] : values };
}

/** Spares most of what is not JSON the cost of a parse that throws. */
function mayBeginJson(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
    return '{["-0123456789tfn'.includes(String.fromCharCode(byte));
  }
  return false;
}

/** Level by level, so that an id beside a large nested object is not crowded out by it. */
function scalarsOf(root: unknown, scalar: (value: unknown) => Scalar | undefined): Record<string, Scalar> {
  const found: [string, Scalar][] = [];
  let level: [string, unknown][] = [['', root]];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const deeper: [string, unknown][] = [];
    for (const [pointer, value] of level) {
      if (found.length >= MAX_FIELDS) return Object.fromEntries(found);
      if (typeof value !== 'object' || value === null) {
        const kept = scalar(value);
        if (kept !== undefined && pointer.length <= MAX_POINTER) found.push([pointer, kept]);
        continue;
      }
      const members: [string | number, unknown][] = Array.isArray(value)
        ? value.slice(0, MAX_ITEMS).map((item, index) => [index, item])
        : Object.entries(value);
      for (const [name, member] of members) deeper.push([`${pointer}/${escapePointer(String(name))}`, member]);
    }
    level = deeper;
  }
  return Object.fromEntries(found);
}

/** RFC 6901, section 3: "'~' needs to be encoded as '~0' and '/' needs to be encoded as '~1'". */
function escapePointer(name: string): string {
  return /[~/]/.test(name) ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;
}
