/** What gRPC's document on backoff has its clients do [grpc/grpc, doc/connection-backoff.md]. */
export const BACKOFF =
  'connection-backoff.md: "Exponentially back off the start time of connection attempts up to a limit of MAX_BACKOFF, with jitter", "MIN_CONNECT_TIMEOUT = 20 seconds, INITIAL_BACKOFF = 1 second, MULTIPLIER = 1.6, MAX_BACKOFF = 120 seconds, JITTER = 0.2"';
export const OTHERS =
  '"Alternate implementations must ensure that connection backoffs started at the same time disperse, and must not attempt connections substantially more often than the above algorithm"';
export const RESET =
  'connection-backoff.md, "Reset Backoff": "The back off should be reset to INITIAL_BACKOFF at some time point, so that the reconnecting behavior is consistent no matter the connection is a newly started one or a previously disconnected one"';

const INITIAL_MS = 1000;
const MULTIPLIER = 1.6;
const MAX_MS = 120_000;
const JITTER = 0.2;

/**
 * No delay is shorter than the document's least by then. A channel connects for a call: attempts that come so seldom may keep the
 * time of the calls, and tell nothing of the backoff behind them.
 */
export function seldomerThanDocument(means: readonly number[], scale: number): boolean {
  return means.every((ms, k) => ms >= scale * Math.min(MAX_MS, INITIAL_MS * MULTIPLIER ** k) * (1 - JITTER));
}
