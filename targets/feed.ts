/** The last messages of one stream, numbered densely from a random nine-digit base: a restart is never taken for the continuation. */
import { randomBytes, randomInt } from 'node:crypto';

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
