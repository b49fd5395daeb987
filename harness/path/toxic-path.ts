import { every, nowMs } from '../clock.js';
import type { Gate, GateConnection } from '../contract.js';
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
  /** Milliseconds, the most that bytes had been late by which had not arrived when their connection ended. */
  readonly heldMs: number;
}

/** One connection on both sides of Toxiproxy: what it has sent behind, and not yet before it. */
interface Followed {
  readonly near: number;
  readonly far: number;
  farBytes: number;
  readonly marks: { readonly bytes: number; readonly atMs: number }[];
}

export function watchLag(near: Gate, far: Gate): LagWatch {
  const lagsMs: number[] = [];
  let heldMs = 0;
  let past = { near: 0, far: 0 };
  const follow = (): Followed | undefined => {
    const [here, there] = [openOf(near, past.near), openOf(far, past.far)];
    return here && there && { near: here.id, far: there.id, farBytes: 0, marks: [] };
  };
  let followed = follow();
  // What was there before the watch is not late by it.
  if (followed) followed.farBytes = byId(far, followed.far)?.downBytes ?? 0;
  const look = (): void => {
    followed ??= follow();
    if (!followed) return;
    const now = nowMs();
    const { marks } = followed;
    const bytes = byId(far, followed.far)?.downBytes ?? followed.farBytes;
    if (bytes > followed.farBytes && marks.length < MOST_MARKS) marks.push({ bytes, atMs: now });
    followed.farBytes = bytes;
    const arriving = byId(near, followed.near);
    while (marks[0] && marks[0].bytes <= (arriving?.downBytes ?? 0)) lagsMs.push(now - (marks.shift()?.atMs ?? now));
    if (arriving && !arriving.ended) return;
    // Bytes of one connection are never counted against those of the next.
    heldMs = Math.max(heldMs, now - (marks[0]?.atMs ?? now));
    past = followed;
    followed = undefined;
  };
  const looking = every(LOOK_MS, look);
  return {
    lagsMs,
    get heldMs() {
      return heldMs;
    },
    [Symbol.dispose]: () => looking[Symbol.dispose](),
  };
}

function openOf(gate: Gate, afterId: number): GateConnection | undefined {
  return gate.live.find(({ ended, id }) => !ended && id > afterId);
}

function byId(gate: Gate, id: number): GateConnection | undefined {
  return gate.live.find((connection) => connection.id === id);
}
