/** The last messages of one stream, numbered densely from a random nine-digit base: a restart is never taken for the continuation. */
import { randomBytes, randomInt } from 'node:crypto';

export const pressing = process.env.PRESSURE === '1';

export interface FeedMessage {
  readonly seq: number;
  readonly stream: string;
  readonly data: string;
}

export class Feed {
  readonly #stream = randomBytes(4).toString('hex');
  readonly #log: FeedMessage[] = [];
  #next: number;

  constructor(
    readonly kept: number,
    readonly data: () => string,
    first = randomInt(100_000_000, 900_000_000),
  ) {
    this.#next = first;
  }

  push(): FeedMessage {
    const message = { seq: this.#next++, stream: this.#stream, data: this.data() };
    if (this.#log.push(message) > this.kept) this.#log.shift();
    return message;
  }

  /** What came after the message `cursor`; undefined where that cannot be told. */
  since(cursor: string): readonly FeedMessage[] | undefined {
    const missed = /^\d{1,15}$/.test(cursor) ? this.#next - 1 - Number(cursor) : -1;
    return missed < 0 || missed > this.#log.length ? undefined : this.#log.slice(this.#log.length - missed);
  }
}

/** Some degrees; under PRESSURE=1 64 KiB a message, that do not compress. */
export function createFeed(first: number | undefined): Feed {
  const filler = randomBytes(48 * 1024).toString('base64');
  return new Feed(pressing ? 8 : 10_000, () => (pressing ? filler : `${20 + randomInt(5)} degrees`), first);
}
