import { type Json, JsonError, JsonObject, NumberLiteral, parseFirst } from './json.js';

/** A request that is refused: `status` and the text the original gives. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export function badBody(reason: string): ApiError {
  return new ApiError(400, `bad request body: ${reason}`);
}

export function parseBody(text: string): Json {
  try {
    return parseFirst(text);
  } catch (error) {
    if (error instanceof JsonError) throw badBody(error.message);
    throw error;
  }
}

/** Takes a value, or says which type it should have had. */
export type Field = (value: NonNullable<Json>) => string | undefined;

export function stringField(set: (value: string) => void): Field {
  return (value) => (typeof value === 'string' ? set(value) : 'string') || undefined;
}

export function booleanField(set: (value: boolean) => void): Field {
  return (value) => (typeof value === 'boolean' ? set(value) : 'bool') || undefined;
}

/** An integer literal. Beyond 2^53 ours would lose digits, and the original's sums overflow: refused. */
export function integerField(set: (value: number) => void): Field {
  return (value) => {
    const number = value instanceof NumberLiteral && /^-?\d+$/.test(value.text) ? Number(value.text) : Number.NaN;
    if (!Number.isSafeInteger(number)) return 'int64';
    // Not -0.
    set(number + 0);
    return undefined;
  };
}

/** Rounded to what a float32 holds, and printed as shortly as it can be told apart. */
export function floatField(set: (value: number) => void): Field {
  return (value) => {
    const number = value instanceof NumberLiteral ? Math.fround(Number(value.text)) : Number.NaN;
    if (!Number.isFinite(number)) return 'float32';
    let digits = 1;
    while (Math.fround(Number(number.toPrecision(digits))) !== number) digits++;
    set(Number(number.toPrecision(digits)));
    return undefined;
  };
}

export interface Decoded {
  /** The text of the first value of a wrong type. The others have been set all the same, as in the original. */
  readonly wrong: string | undefined;
  readonly unknown: readonly string[];
}

/** Gives each value to the field of its key, whatever the case of its letters; `null` leaves a field as it is. */
export function decode(json: Json, into: string, fields: Readonly<Record<string, Field>>): Decoded {
  if (json === null) return { wrong: undefined, unknown: [] };
  if (!(json instanceof JsonObject)) return { wrong: mismatch(json, into, into), unknown: [] };
  const byKey = new Map(Object.entries(fields).map(([key, field]) => [key.toLowerCase(), { key, field }]));
  const unknown: string[] = [];
  let wrong: string | undefined;
  for (const [name, value] of json.entries) {
    const known = byKey.get(name.toLowerCase());
    if (!known) {
      unknown.push(name);
      continue;
    }
    if (value === null) continue;
    const type = known.field(value);
    if (type) wrong ??= mismatch(value, `${into}.${known.key}`, type);
  }
  return { wrong, unknown };
}

function mismatch(value: Json, into: string, type: string): string {
  const is = value instanceof NumberLiteral ? `number ${value.text}` : Array.isArray(value) ? 'array' : kindOf(value);
  return `json: cannot unmarshal ${is} into Go struct field ${into} of type ${type}`;
}

function kindOf(value: Json): string {
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'object';
}
