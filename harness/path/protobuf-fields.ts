import { isUtf8 } from 'node:buffer';
import { Reader } from 'protobufjs/minimal';

const MAX_DEPTH = 8;
/** The tag of a first field that is length-delimited, and a line feed. */
const FIRST_FIELD = 0x0a;

type Value = number | string | Fields;
export interface Fields {
  readonly [name: string]: Value | readonly Value[];
}

/**
 * Reads a protobuf message without its schema: fields `f1`, `f2` by their numbers. Undefined where the bytes are no message. What
 * the encoding does not tell is guessed: bytes that read as text are a string, else a message, else left out.
 */
export function protobufFields(bytes: Buffer, depth = 0): Fields | undefined {
  const fields: Record<string, Value | Value[]> = {};
  const reader = Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const number = tag >>> 3;
      // "Field numbers ... must be between 1 and 536,870,911"; groups are not read.
      if (number === 0) return undefined;
      const wire = tag & 7;
      if (wire === 0) add(fields, number, varint(reader));
      else if (wire === 1) add(fields, number, fixed64(reader));
      else if (wire === 5) add(fields, number, fixed32(reader));
      else if (wire === 2) add(fields, number, delimited(bytes, reader, depth));
      else return undefined;
    }
  } catch {
    // Cut off, or never a message.
    return undefined;
  }
  return fields;
}

function add(fields: Record<string, Value | Value[]>, number: number, value: Value | undefined): void {
  if (value === undefined) return;
  // A bare number would be read as a place in a list.
  const name = `f${number}`;
  const before = fields[name];
  if (before === undefined) fields[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else fields[name] = [before, value];
}

/** Signed: a negative int32 is far more frequent than an unsigned number over 2^63. */
function varint(reader: Reader): number | string {
  return safe(reader.int64());
}

/** A double, where it is one that somebody would write; else an integer. */
function fixed64(reader: Reader): number | string {
  const at = reader.pos;
  const double = reader.double();
  if (double === 0 || (Math.abs(double) >= 1e-12 && Math.abs(double) < 1e18)) return double;
  reader.pos = at;
  return safe(reader.sfixed64());
}

function fixed32(reader: Reader): number {
  const at = reader.pos;
  const float = reader.float();
  if (float === 0 || (Math.abs(float) >= 1e-9 && Math.abs(float) < 1e15)) return float;
  reader.pos = at;
  return reader.sfixed32();
}

/** protobufjs gives a Long where a library for it is installed. */
function safe(value: { toString(): string }): number | string {
  const text = value.toString();
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

function delimited(bytes: Buffer, reader: Reader, depth: number): Value | undefined {
  const length = reader.uint32();
  const from = reader.pos;
  reader.skip(length);
  const value = bytes.subarray(from, from + length);
  const nested = () => (depth < MAX_DEPTH ? protobufFields(value, depth + 1) : undefined);
  if (!isPrintable(value)) return nested();
  return (value[0] === FIRST_FIELD ? nested() : undefined) ?? value.toString();
}

function isPrintable(bytes: Buffer): boolean {
  for (const byte of bytes)
    if (byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return false;
  return isUtf8(bytes);
}
