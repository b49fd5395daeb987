import type { EventOf, HistoryView } from './contract.js';
import { deviation, mean, median, studentT } from './numbers.js';

/** One try of a client to get through, as its gate saw it. Times in milliseconds of the run. */
export interface Attempt {
  readonly startAt: number;
  readonly endAt: number;
  readonly first: EventOf<'connection'> | EventOf<'handshake'>;
}

/** Connections this close to an attempt's start belong to it: negotiation, polling pools, subchannels (CHECKLIST rule 2). */
export const BURST_MS = 100;
/** A first retry this soon is "immediate", and neither growth nor jitter is asked of it (rule 6). */
export const IMMEDIATE_MS = 100;
/** Delays this near to each other are the cap (rule 5). */
const CAP_BAND = 0.15;
/** Over the first delay. */
const GROWN = 1.2;
/** A process with fewer shows nothing (rule 4). */
const MIN_DELAYS = 3;

/** The attempts at a gate between two times, bursts joined; `only`: of these connections. */
export function attemptsAt(
  history: HistoryView,
  gate: string,
  from: number,
  to: number,
  burstMs = BURST_MS,
  only?: ReadonlySet<number>,
): Attempt[] {
  const events = history.of('connection').filter((event) => event.gate === gate && (only?.has(event.conn) ?? true));
  const ends = new Map(events.filter((event) => event.what === 'end').map((event) => [event.conn, event.t]));
  const attempts: { startAt: number; endAt: number; first: EventOf<'connection'> }[] = [];
  for (const start of events) {
    if (start.what !== 'start' || start.t < from || start.t >= to) continue;
    const endAt = ends.get(start.conn) ?? to;
    const current = attempts.at(-1);
    if (current && (start.t < current.endAt || start.t - current.startAt < burstMs))
      current.endAt = Math.max(current.endAt, endAt);
    else attempts.push({ startAt: start.t, endAt, first: start });
  }
  return attempts;
}

/** Delays of each process: from the cut to its first attempt, then from each attempt's end, or its start, to the next start. */
export function delaysOf(attempts: readonly Attempt[], cutAt: number, from: 'start' | 'end' = 'end'): number[] {
  let free = cutAt;
  return attempts.map(({ startAt, endAt }) => {
    const delay = startAt - free;
    free = from === 'start' ? startAt : endAt;
    return Math.max(0, delay);
  });
}

export interface Curve {
  /** Mean over processes of the k-th delay, as far as all made it that made three. */
  readonly means: readonly number[];
  /** Deviation over processes / mean, by the same index. */
  readonly ratios: readonly number[];
  readonly deviations: readonly number[];
  /** The first delay was immediate; it is left out of growth and jitter. */
  readonly immediate: boolean;
  /** Index of the first delay at the cap, or undefined where none was seen. */
  readonly capIndex: number | undefined;
}

/** `lateMs`: how late this machine is known to have been with the first of them. */
export function curveOf(processes: readonly (readonly number[])[], lateMs = 0): Curve {
  // Only delays that every process made: a process that is still waiting is one whose delay is long, and a mean
  // without it would be too small.
  const compared = processes.filter(({ length }) => length >= MIN_DELAYS);
  const shortest = compared.length === 0 ? 0 : Math.min(...compared.map(({ length }) => length));
  const columns = Array.from({ length: shortest }, (_, k) => compared.flatMap((delays) => delays[k] ?? []));
  const means = columns.map(mean);
  const immediate = (means[0] ?? Number.POSITIVE_INFINITY) - lateMs <= IMMEDIATE_MS && (means[1] ?? 0) > IMMEDIATE_MS;
  const start = immediate ? 1 : 0;
  let capIndex: number | undefined;
  for (let k = start; k + 2 < means.length && capIndex === undefined; k++) {
    const at = means[k] ?? 0;
    const near = [means[k + 1], means[k + 2]].every(
      (next) => next !== undefined && Math.abs(next - at) <= CAP_BAND * at,
    );
    // Three delays that happen to lie near each other are no cap unless the delays had grown to them.
    const reached = k === start || at >= GROWN * (means[start] ?? 0);
    if (near && reached) capIndex = k;
  }
  return {
    means,
    ratios: columns.map((column) => (mean(column) > 0 ? deviation(column) / mean(column) : 0)),
    deviations: columns.map(deviation),
    immediate,
    capIndex,
  };
}

/** Two delays of one process this near to each other, well above its first, are its cap; jitter seldom comes so near. */
const TAIL_BAND = 0.02;
const TAIL_OVER_FIRST = 1.3;

/**
 * The last delays of all processes, where every one of them ended at a cap of its own; undefined where not all did.
 * Columns of the k-th delay will not do here: processes that began with a small delay reach the cap some attempts later.
 */
export function tailsOf(processes: readonly (readonly number[])[]): number[] | undefined {
  const tails = processes.map((delays) => delays.slice(-2));
  const capped = processes.every((delays, i) => {
    const [first = 0] = delays.filter((ms) => ms > IMMEDIATE_MS);
    const [before, last] = tails[i] ?? [];
    if (before === undefined || last === undefined || delays.length < 4) return false;
    return Math.abs(last - before) <= TAIL_BAND * last && last >= TAIL_OVER_FIRST * first;
  });
  return capped && processes.length > 0 ? tails.flat() : undefined;
}

/** A loop's delay is told once a second. */
const TOLD_MS = 1000;

/**
 * The longest that the process which stamps these times did not turn its loop between two times. What came meanwhile bears the time
 * of its end: delays look longer by up to that, and arrivals closer together.
 */
export function stallOf(history: HistoryView, from: number, to: number): number {
  const told = history.of('loop').filter(({ t, maxMs }) => t >= from && t - TOLD_MS - maxMs <= to);
  return Math.max(0, ...told.map(({ maxMs }) => maxMs));
}

/** A loop that is late by less is late by no more than a busy machine's timers are. */
const STOOD_STILL_MS = 100;

/** How long that process stood still in all between two times: what several delays in a row may have gained. */
export function stalledFor(history: HistoryView, from: number, to: number): number {
  return history
    .of('loop')
    .filter(({ t, maxMs }) => t >= from && t <= to && maxMs > STOOD_STILL_MS)
    .reduce((sum, { maxMs }) => sum + maxMs, 0);
}

/** So many that each come later than the one before were not drawn at random: of four that were, one row in 24 is in order. */
const MIN_RISE = 4;

/**
 * A first delay that is longer than the next, and behind it only longer and longer ones. What notices its loss by a timer of its own
 * (Action Cable looks every few seconds) has waited for that, too, before its first attempt.
 */
export function risesAfterFirst([first = 0, ...later]: readonly number[]): boolean {
  const rises = later.every((ms, k) => k === 0 || ms > (later[k - 1] ?? 0));
  return rises && later.length >= MIN_RISE && first > (later[0] ?? 0);
}

export interface Growth {
  readonly factor: number;
  readonly lower: number;
  readonly upper: number;
  readonly points: number;
}

/** Least squares of ln(delay) over the attempt's number: the factor from one delay to the next, with its 95 % bounds. */
export function growthOf(delays: readonly number[]): Growth | undefined {
  const n = delays.length;
  if (n < 3) return undefined;
  const ys = delays.map((ms) => Math.log(Math.max(ms, 1)));
  const middleX = (n - 1) / 2;
  const middleY = mean(ys);
  const sxx = ys.reduce((sum, _, x) => sum + (x - middleX) ** 2, 0);
  const slope = ys.reduce((sum, y, x) => sum + (x - middleX) * (y - middleY), 0) / sxx;
  const residual = ys.reduce((sum, y, x) => sum + (y - middleY - slope * (x - middleX)) ** 2, 0);
  const error = Math.sqrt(residual / (n - 2) / sxx);
  const t = studentT(n - 2);
  return { factor: Math.exp(slope), lower: Math.exp(slope - t * error), upper: Math.exp(slope + t * error), points: n };
}

/** What the control client shows of this machine's own noise. */
export interface Noise {
  readonly floorMs: number;
  /** The control was judged as what it is. */
  readonly trusted: boolean;
  readonly meanMs: number;
}

/** The control's delay is fixed: its mean must be it, its growth none, its jitter below what counts as jitter. */
export function noiseOf(curve: Curve, knownMs: number): Noise {
  const floorMs = curve.deviations.length > 0 ? median(curve.deviations) : Number.NaN;
  const meanMs = curve.means.length > 0 ? median(curve.means) : Number.NaN;
  const trusted = curve.means.length >= 3 && floorMs < 0.02 * knownMs && Math.abs(meanMs - knownMs) < 0.05 * knownMs;
  return { floorMs, trusted, meanMs };
}
