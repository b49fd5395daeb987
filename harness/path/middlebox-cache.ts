import type { IncomingMessage } from 'node:http';

export interface StoredAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** Whole answers by their URL, as nginx's proxy_cache keeps them: one that is still under way is no answer yet. */
export class AnswerCache {
  private readonly answers = new Map<string, StoredAnswer>();

  find({ method, url }: IncomingMessage): StoredAnswer | undefined {
    return method === 'GET' ? this.answers.get(url ?? '') : undefined;
  }

  store({ method, url }: IncomingMessage, answer: StoredAnswer): void {
    if (method === 'GET') this.answers.set(url ?? '', answer);
  }
}

/**
 * nginx, proxy_cache_valid: "Parameters of caching can also be set directly in the response header. This has higher
 * priority than setting of caching time using the directive."
 */
export function mayBeStored(status: number, headers: ReadonlyMap<string, string>): boolean {
  if (status !== 200 || headers.has('set-cookie') || headers.get('vary') === '*') return false;
  const expires = headers.get('x-accel-expires');
  if (expires !== undefined) return expires !== '0';
  const control = headers.get('cache-control')?.toLowerCase();
  if (control !== undefined && /no-cache|no-store|private|\b(s-maxage|max-age)=0\b/.test(control)) return false;
  const until = headers.get('expires');
  return until === undefined || /max-age=/.test(control ?? '') || new Date(until) > new Date();
}
