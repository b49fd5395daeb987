import { every, nowMs } from '../clock.js';
import type { Gate } from '../contract.js';
import type { ProxyHandle } from './toxiproxy.js';

const LOOK_MS = 10;
/** Marks kept while the near end lags. */
const MOST_MARKS = 10_000;

/**
 * A path with Toxiproxy between two gates; what the far gate has seen of the server and the near one not yet is the lag.
 *
 *   client -> near gate -> toxiproxy -> far gate -> server
 */
export interface ToxicPath {
  /** Beside the client: where it connects. */
  readonly near: Gate;
  readonly far: Gate;
  readonly proxy: ProxyHandle;
  /** Watches how late the server's bytes arrive; for one connection at a time. */
  watchLag(): LagWatch;
}

export interface LagWatch extends Disposable {
  /** Milliseconds, of each look at which something arrived. */
  readonly lagsMs: readonly number[];
}

export function watchLag(near: Gate, far: Gate): LagWatch {
  const marks: { readonly bytes: number; readonly atMs: number }[] = [];
  const lagsMs: number[] = [];
  const down = (gate: Gate) => gate.live.find(({ ended }) => !ended)?.downBytes ?? 0;
  let farBytes = down(far);
  const nearStart = down(near);
  const farStart = farBytes;
  const looking = every(LOOK_MS, () => {
    const now = nowMs();
    const bytes = down(far);
    if (bytes > farBytes && marks.length < MOST_MARKS) marks.push({ bytes: bytes - farStart, atMs: now });
    farBytes = bytes;
    const arrived = down(near) - nearStart;
    while (marks[0] && marks[0].bytes <= arrived) lagsMs.push(now - (marks.shift()?.atMs ?? now));
  });
  return { lagsMs, [Symbol.dispose]: () => looking[Symbol.dispose]() };
}
