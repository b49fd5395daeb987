/**
 * JSON as Go's decoder takes it: the first value of a text, whatever follows; numbers keep their literal, since an integer
 * field refuses `5.0` and `1e3`, which JSON.parse cannot tell from 5 and 1000.
 */
export type Json = null | boolean | string | NumberLiteral | readonly Json[] | JsonObject;

export class NumberLiteral {
  constructor(readonly text: string) {}
}

/** In order, with repeated keys. */
export class JsonObject {
  constructor(readonly entries: readonly (readonly [string, Json])[]) {}
}

export class JsonError extends Error {}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /[ \t\r\n]*/y;
/** Deeper than any request means to be. */
const DEEPEST = 200;

export function parseFirst(text: string): Json {
  const reader = new Reader(text);
  reader.space();
  if (reader.done()) throw new JsonError('EOF');
  return reader.value(0);
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  done(): boolean {
    return this.at >= this.text.length;
  }

  space(): void {
    this.match(SPACE);
  }

  value(depth: number): Json {
    if (depth > DEEPEST) throw new JsonError('exceeded max depth');
    this.space();
    const next = this.text[this.at];
    if (next === '{') return this.object(depth);
    if (next === '[') return this.array(depth);
    if (next === '"') return this.string();
    for (const [word, value] of [
      ['null', null],
      ['true', true],
      ['false', false],
    ] as const) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = this.match(NUMBER);
    if (number) return new NumberLiteral(number);
    return this.fail('looking for beginning of value');
  }

  private object(depth: number): JsonObject {
    const entries: [string, Json][] = [];
    this.at++;
    this.space();
    if (this.skip('}')) return new JsonObject(entries);
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail('looking for beginning of object key string');
      const key = this.string();
      this.space();
      if (!this.skip(':')) this.fail('after object key');
      entries.push([key, this.value(depth + 1)]);
      this.space();
      if (this.skip('}')) return new JsonObject(entries);
      if (!this.skip(',')) this.fail('after object key:value pair');
    }
  }

  private array(depth: number): Json[] {
    const items: Json[] = [];
    this.at++;
    this.space();
    if (this.skip(']')) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.space();
      if (this.skip(']')) return items;
      if (!this.skip(',')) this.fail('after array element');
    }
  }

  private string(): string {
    const literal = this.match(STRING);
    if (literal === '') return this.fail('in string literal');
    try {
      return JSON.parse(literal);
    } catch {
      return this.fail('in string escape code');
    }
  }

  private skip(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private fail(where: string): never {
    const char = this.text[this.at];
    if (char === undefined) throw new JsonError('unexpected EOF');
    throw new JsonError(`invalid character '${char}' ${where}`);
  }
}

/** As Go prints it: with `<`, `>` and `&` escaped. */
export function printJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
