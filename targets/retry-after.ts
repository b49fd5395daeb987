/** What a server that refuses asks of its client. */
import { scaledMs } from './program';

/** 401 and 403 will not change soon. */
export function askedMs(status: number | undefined, retryAfter: string | undefined): number {
  if (status === 401 || status === 403) return scaledMs(15_000);
  return retryAfterMs(retryAfter);
}

export function retryAfterMs(retryAfter: string | undefined): number {
  const seconds = Number(retryAfter ?? 0);
  return (
    1_000 * Math.min(120, Number.isFinite(seconds) ? seconds : (Date.parse(retryAfter ?? '') - Date.now()) / 1_000 || 0)
  );
}
