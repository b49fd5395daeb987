import type { Scalar } from './contract.js';
import type { ReceivedMessage } from './scenario.js';

/** The `id:` of an event, which stands beside its data (SSE): no JSON pointer, since it has no slash. */
export const ENVELOPE_ID = 'id';

/**
 * Where a message's id stands: a JSON pointer with the array indexes left out (a batch holds several), or one with them where
 * the place in a tuple matters. `by` is the field whose values have ids of their own each: a topic, a room.
 */
export interface IdField {
  readonly pointer: string;
  readonly by?: string | undefined;
}

export interface Id {
  /** The same for the same id, whatever message it stands in. */
  readonly key: string;
  /** Key of the `by` field's value; empty without one. */
  readonly group: string;
  /** Undefined where the id is made of several values (a vector clock). */
  readonly scalar: Scalar | undefined;
}

type Fields = Readonly<Record<string, Scalar>>;
type Entry = readonly [pointer: string, value: Scalar];

const INDEX = /\/\d+(?=\/|$)/g;
const indexes = new WeakMap<Fields, Map<string, Entry[]>>();
const names = new Map<string, string>();
const MOST_NAMES = 10_000;

/** The key under which two scalars are the same value. */
export function keyOf(scalar: Scalar): string {
  if (typeof scalar === 'object' && scalar !== null) return `s${scalar.hash}`;
  return String(scalar);
}

/** The pointer without array indexes: `/events/3/id` is `/events/id`. */
export function withoutIndexes(pointer: string): string {
  const known = names.get(pointer);
  if (known !== undefined) return known;
  if (names.size >= MOST_NAMES) names.clear();
  const name = pointer.replace(INDEX, '');
  names.set(pointer, name);
  return name;
}

/** A message's fields by pointer without indexes, in the order of the message. */
export function fieldsByName(fields: Fields): ReadonlyMap<string, readonly Entry[]> {
  const known = indexes.get(fields);
  if (known) return known;
  const index = new Map<string, Entry[]>();
  for (const entry of Object.entries(fields)) {
    const name = withoutIndexes(entry[0]);
    const list = index.get(name);
    if (list) list.push(entry);
    else index.set(name, [entry]);
  }
  indexes.set(fields, index);
  return index;
}

/** The ids that stand at the field itself. */
export function idsAt(fields: Fields | undefined, { pointer, by }: IdField): readonly Id[] {
  if (!fields) return [];
  const index = fieldsByName(fields);
  // What is not there identifies nothing.
  const found = scalarsAt(fields, index, pointer).filter(([, scalar]) => scalar !== null);
  const values: readonly Omit<Id, 'group'>[] =
    found.length > 0
      ? found.map(([, scalar]) => ({ key: keyOf(scalar), scalar }))
      : composites(index, pointer).map((key) => ({ key, scalar: undefined }));
  const groups = by === undefined ? [] : scalarsAt(fields, index, by);
  // In a batch each message has a group of its own; else one goes for all.
  const groupOf = (i: number) => (groups.length === values.length ? groups[i] : groups[0]);
  return values.map((value, i) => {
    const group = groupOf(i);
    const name = group === undefined ? '' : keyOf(group[1]);
    return { ...value, group: name, key: by === undefined ? value.key : `${name}:${value.key}` };
  });
}

/** The same or, where a message carries several (a replay inside an answer), those of the same name in its arrays, in order. */
export function idsIn(fields: Fields | undefined, field: IdField): readonly Id[] {
  const own = idsAt(fields, field);
  const name = field.pointer.slice(field.pointer.lastIndexOf('/'));
  if (!fields || own.length > 0 || name.length < 2 || isExact(field.pointer)) return own;
  return Object.entries(fields)
    .filter(([pointer]) => pointer.endsWith(name) && isExact(pointer))
    .map(([, scalar]) => ({ key: keyOf(scalar), group: '', scalar }));
}

/** It names a place in an array. */
export function isExact(pointer: string): boolean {
  return withoutIndexes(pointer) !== pointer;
}

function scalarsAt(fields: Fields, index: ReadonlyMap<string, readonly Entry[]>, pointer: string): readonly Entry[] {
  if (!isExact(pointer)) return index.get(pointer) ?? [];
  const value = fields[pointer];
  return value === undefined ? [] : [[pointer, value]];
}

/** Objects whose members together are the id. */
function composites(index: ReadonlyMap<string, readonly Entry[]>, pointer: string): string[] {
  const objects = new Map<string, string[]>();
  for (const [name, entries] of index) {
    if (parentOf(name) !== pointer) continue;
    for (const [at, value] of entries) {
      const parts = objects.get(parentOf(at)) ?? [];
      parts.push(`${at.slice(at.lastIndexOf('/') + 1)}=${keyOf(value)}`);
      objects.set(parentOf(at), parts);
    }
  }
  return [...objects.values()].map((parts) => `{${parts.sort().join()}}`);
}

export function parentOf(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')));
}

/** The last id in a raw message, as the text that a client would present. */
export function rawId(
  { payload, envelope }: Pick<ReceivedMessage, 'payload' | 'envelope'>,
  { pointer }: IdField,
): string | undefined {
  if (pointer === ENVELOPE_ID) return envelope?.id;
  const parts = pointer.split('/').slice(1);
  const last = jsonIn(payload)
    .flatMap((root) => valuesAt(root, parts))
    .at(-1);
  if (typeof last === 'object' && last !== null) return JSON.stringify(last);
  return typeof last === 'string' || typeof last === 'number' ? String(last) : undefined;
}

function valuesAt(value: unknown, parts: readonly string[]): unknown[] {
  const [part, ...rest] = parts;
  if (Array.isArray(value)) {
    if (part !== undefined && /^\d+$/.test(part)) return valuesAt(value[Number(part)], rest);
    return value.flatMap((item) => valuesAt(item, parts));
  }
  if (part === undefined) return value === undefined ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return valuesAt((value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')], rest);
}

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * One JSON value, or several a line each: some servers join what is queued into one message. Or numbers and nothing else,
 * with blanks, commas or semicolons between them: a tuple a line, and no other reading of it is possible.
 */
export function jsonIn(payload: Buffer): readonly unknown[] {
  const text = payload.toString('utf8');
  try {
    return [JSON.parse(text)];
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const rows = lines.map((line) => line.trim().split(/\s*[,;]\s*|\s+/));
    if (rows.flat().every((word) => NUMBER.test(word))) return rows.map((row) => row.map(Number));
    return lines.length > 1 ? jsonLines(lines) : [];
  }
}

function jsonLines(lines: readonly string[]): readonly unknown[] {
  try {
    return lines.map((line) => JSON.parse(line) as unknown);
  } catch {
    return [];
  }
}

/** google.protobuf.Timestamp is two numbers, which look like a clock of two writers. */
export function isPartOfTime(pointer: string, pointers: ReadonlySet<string>): boolean {
  const parent = parentOf(pointer);
  return /\/(?:seconds|nanos)$/.test(pointer) && pointers.has(`${parent}/seconds`) && pointers.has(`${parent}/nanos`);
}
