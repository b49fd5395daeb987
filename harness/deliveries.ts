import { percentile } from './numbers.js';

/** What became of one message: how many it was for, how many have it, and how many had it at the instant asked for. */
export interface Entry {
  readonly atMs: number;
  readonly expected: number;
  readonly delivered: number;
  readonly deliveredBy: number;
}

/** When a listener was told to go, or ended; undefined while it is there. */
export type LeftAt = () => number | undefined;

/** Keeps book of messages that several listeners are to get. Times are the caller's. */
export class Deliveries {
  private readonly sent = new Map<string, { readonly atMs: number; readonly to: readonly string[] }>();
  private readonly arrivals = new Map<string, Map<string, number[]>>();

  constructor(private readonly listeners: ReadonlyMap<string, LeftAt>) {}

  /** A message of our own: what it is known by, and who is to get it. */
  send(key: string, atMs: number, to: readonly string[]): void {
    this.sent.set(key, { atMs, to });
  }

  isSent(key: string): boolean {
    return this.sent.has(key);
  }

  arrive(key: string, at: string, atMs: number): void {
    const seen = this.arrivals.get(key) ?? new Map<string, number[]>();
    seen.set(at, [...(seen.get(at) ?? []), atMs]);
    this.arrivals.set(key, seen);
  }

  /** Our own messages of [fromMs, toMs); nothing is expected of who had left by `byMs`. */
  ours(fromMs: number, toMs: number, byMs: number): Entry[] {
    const there = (name: string) => (this.listeners.get(name)?.() ?? Number.POSITIVE_INFINITY) > byMs;
    return [...this.sent]
      .filter(([, { atMs }]) => atMs >= fromMs && atMs < toMs)
      .map(([key, { atMs, to }]) => this.entry(key, atMs, to.filter(there), byMs));
  }

  /** Whether the server's own messages of [fromMs, toMs) go to all alike, and how far apart they arrive. */
  common(
    fromMs: number,
    toMs: number,
  ): { readonly messages: number; readonly shared: number; readonly skewMs: number; readonly usualSkewMs: number } {
    const all = this.published(fromMs, toMs);
    const shared = all.filter(({ times }) => times.length === this.listeners.size);
    const skews = shared.map(({ times }) => Math.max(...times) - Math.min(...times));
    const skewOf = (share: number) => (shared.length > 0 ? percentile(skews, share) : 0);
    return { messages: all.length, shared: shared.length, skewMs: skewOf(100), usualSkewMs: skewOf(50) };
  }

  /** The server's own messages of [fromMs, toMs), expected of whoever was still there `slackMs` after the first had it. */
  theirs(fromMs: number, toMs: number, byMs: number, slackMs: number): Entry[] {
    return this.published(fromMs, toMs).map(({ key, firstMs }) => {
      const to = [...this.listeners].filter(([, leftAt]) => (leftAt() ?? Number.POSITIVE_INFINITY) > firstMs + slackMs);
      return this.entry(
        key,
        firstMs,
        to.map(([name]) => name),
        byMs,
      );
    });
  }

  /** What none got twice: a text that is said over and over cannot be counted. */
  private published(fromMs: number, toMs: number) {
    return [...this.arrivals].flatMap(([key, seen]) => {
      const arrived = [...seen.values()];
      if (this.sent.has(key) || arrived.some(({ length }) => length > 1)) return [];
      const times = arrived.flat();
      const firstMs = Math.min(...times);
      return firstMs >= fromMs && firstMs < toMs ? [{ key, firstMs, times }] : [];
    });
  }

  private entry(key: string, atMs: number, to: readonly string[], byMs: number): Entry {
    const seen = this.arrivals.get(key);
    const times = to.flatMap((name) => seen?.get(name)?.[0] ?? []);
    return { atMs, expected: to.length, delivered: times.length, deliveredBy: times.filter((at) => at <= byMs).length };
  }
}
