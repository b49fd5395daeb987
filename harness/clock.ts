import { createHistogram } from 'node:perf_hooks';
import { HarnessError } from './errors.js';

/**
 * The only source of time. `nowMs` is CLOCK_MONOTONIC in milliseconds with a fraction: the same clock in every process
 * of one machine, so that workers' stamps can be compared with the parent's.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Milliseconds since the Unix epoch; only for naming things and for telling timestamps from ids. */
export function wallMs(): number {
  return Date.now();
}

/** Resolves after `ms`; rejects with the signal's reason when aborted first. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.max(0, ms),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Calls `tick` every `ms` until disposed; never overlaps an asynchronous tick with itself. */
export function every(ms: number, tick: () => void | Promise<void>): Disposable {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    Promise.resolve()
      .then(tick)
      .finally(() => {
        busy = false;
      });
  }, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Runs `action` once after `ms` unless disposed first. */
export function after(ms: number, action: () => void): Disposable {
  const timer = setTimeout(action, Math.max(0, ms));
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** The longest wait that one `setTimeout` can hold; beyond it Node would fire at once. */
const LONGEST_TIMER_MS = 2 ** 30;

/**
 * Runs `action` once when `nowMs()` has reached `deadlineMs`: never before, and on an idle loop at most about 0.6 ms after
 * (`setTimeout` alone is 1 ms coarse, and may be early). The last half millisecond at most is spent turning the loop. Never
 * calls `action` before it has returned.
 */
export function at(deadlineMs: number, action: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  const aim = (left: number) => {
    if (left <= 0.5) turn = setImmediate(look);
    else timer = setTimeout(look, Math.min(Math.max(1, Math.round(left)), LONGEST_TIMER_MS));
  };
  const look = () => {
    const left = deadlineMs - nowMs();
    if (left <= 0) action();
    else aim(left);
  };
  aim(deadlineMs - nowMs());
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      clearImmediate(turn);
    },
  };
}

/**
 * Waits until `condition` gives something truthy, looking every `stepMs`, and returns it; undefined at the deadline.
 * For conditions whose absence is a finding, not an error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  deadlineMs: number,
  options: { readonly stepMs?: number; readonly signal?: AbortSignal } = {},
): Promise<T | undefined> {
  const end = nowMs() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    const left = end - nowMs();
    if (left <= 0) return undefined;
    await delay(Math.min(options.stepMs ?? 20, left), options.signal);
  }
}

/** Like `waitFor`, but a condition that never holds is a HarnessError that tells what had been seen. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs: number,
  options: { readonly stepMs?: number; readonly signal?: AbortSignal; readonly seen?: () => string } = {},
): Promise<T> {
  const value = await waitFor(condition, deadlineMs, options);
  if (value) return value;
  const seen = options.seen ? ` (seen: ${options.seen()})` : '';
  throw new HarnessError('DEADLINE', `waited ${Math.round(deadlineMs)} ms in vain until ${what}${seen}`);
}

/** Rejects with a HarnessError when `promise` has not settled after `ms`. */
export async function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HarnessError('DEADLINE', `${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How busy our own loop was between two readings: 1 is all the time. */
export function watchBusy(): { read(): number } {
  let before = performance.eventLoopUtilization();
  return {
    read() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  };
}

/**
 * This process's event-loop delay since the last call of `read`, in milliseconds, one that lasts still included: node's own monitor
 * forgets the turn in which it is read, which on a starved machine is the late one.
 */
export function watchLoop(): { read(): { p99Ms: number; maxMs: number } } & Disposable {
  const resolutionMs = 10;
  const histogram = createHistogram();
  let last = nowMs();
  const look = () => {
    const now = nowMs();
    // What exceeds the sampling interval is delay.
    histogram.record(Math.max(1, Math.round(1000 * (now - last - resolutionMs))));
    last = now;
  };
  const looking = setInterval(look, resolutionMs).unref();
  return {
    read() {
      look();
      const reading = { p99Ms: histogram.percentile(99) / 1000, maxMs: histogram.max / 1000 };
      histogram.reset();
      return reading;
    },
    [Symbol.dispose]: () => clearInterval(looking),
  };
}
