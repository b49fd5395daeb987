/** The p-th percentile (0..100) of values, nearest rank; NaN of none. */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1))] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; 0 of fewer than two. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[half] ?? Number.NaN)
    : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2;
}

/** Student's t, 97.5 %, by degrees of freedom. */
const T_975 = [Number.NaN, 12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

export function studentT(degrees: number): number {
  return T_975[degrees] ?? 2.1;
}

export interface Ratio {
  readonly value: number;
  /** 95 % bounds. */
  readonly lower: number;
  readonly upper: number;
}

/**
 * Mean of the second over mean of the first of each pair, one pair a process, with bounds by the jackknife: what a process
 * drew once for all its delays is in both. Undefined of fewer than three pairs.
 */
export function ratioOf(pairs: readonly (readonly [number, number])[]): Ratio | undefined {
  const n = pairs.length;
  if (n < 3) return undefined;
  const logOf = (list: readonly (readonly [number, number])[]) =>
    Math.log(mean(list.map(([, second]) => second)) / mean(list.map(([first]) => first)));
  const without = pairs.map((_, i) => logOf(pairs.filter((_pair, k) => k !== i)));
  const error = ((n - 1) / Math.sqrt(n)) * deviation(without);
  const middle = logOf(pairs);
  const t = studentT(n - 1);
  return { value: Math.exp(middle), lower: Math.exp(middle - t * error), upper: Math.exp(middle + t * error) };
}

/** Largest number of these instants in any half-open window of this length. */
export function peakIn(instants: readonly number[], windowMs: number): number {
  const sorted = [...instants].sort((a, b) => a - b);
  let peak = 0;
  let from = 0;
  for (const [to, at] of sorted.entries()) {
    while (at - (sorted[from] ?? at) >= windowMs) from += 1;
    peak = Math.max(peak, to - from + 1);
  }
  return peak;
}

/** The longest time from 0, or from one instant to the next; infinite of none. */
export function longestGap(instants: readonly number[]): number {
  const sorted = [0, ...instants].sort((a, b) => a - b);
  if (sorted.length === 1) return Number.POSITIVE_INFINITY;
  return Math.max(...sorted.slice(1).map((at, index) => at - (sorted[index] ?? at)));
}

export const MIB = 1024 * 1024;

/** For sentences: "3.2 s", "140 ms". */
export function inWords(ms: number): string {
  return ms >= 10_000
    ? `${Math.round(ms / 1000)} s`
    : ms >= 1000
      ? `${(ms / 1000).toFixed(1)} s`
      : `${Math.round(ms)} ms`;
}

export function inKiB(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KiB`;
}

export function inMiB(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
