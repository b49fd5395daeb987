import { every, nowMs } from '../clock.js';

/** A page that answers no beat for so long is dead, or as good as dead. */
const DEAD_MS = 10_000;
/** A page that is loaded again is away for less. */
const AWAY_MS = 3000;
const LOOK_MS = 500;

/**
 * Which pages are there. A page answers each beat that it is sent: timers of a page in the background may sleep for a minute,
 * what arrives wakes it at once. When the last one is gone, `onLast` is told.
 */
export class Presence implements Disposable {
  private readonly pages = new Map<string, { heardMs: number; leftMs: number | undefined }>();
  private readonly looking: Disposable;

  constructor(onLast: () => void, limits: { readonly deadMs?: number; readonly awayMs?: number } = {}) {
    const { deadMs = DEAD_MS, awayMs = AWAY_MS } = limits;
    this.looking = every(LOOK_MS, () => {
      const before = this.pages.size;
      const now = nowMs();
      for (const [page, { heardMs, leftMs }] of this.pages) {
        if (now - heardMs > deadMs || (leftMs !== undefined && now - leftMs > awayMs)) this.pages.delete(page);
      }
      if (before > 0 && this.pages.size === 0) onLast();
    });
  }

  come(page: string): void {
    this.pages.set(page, { heardMs: nowMs(), leftMs: undefined });
  }

  /** False where nobody knows it any more: it must come again. */
  beat(page: string): boolean {
    const one = this.pages.get(page);
    if (one) one.heardMs = nowMs();
    return one !== undefined;
  }

  leave(page: string): void {
    const one = this.pages.get(page);
    if (one) one.leftMs = nowMs();
  }

  has(page: unknown): boolean {
    return typeof page === 'string' && this.pages.has(page);
  }

  [Symbol.dispose](): void {
    this.looking[Symbol.dispose]();
  }
}
