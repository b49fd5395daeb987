import type { HistoryView } from '../contract.js';
import { MIB } from '../numbers.js';
import { groupedBy } from './grouped.js';
import { type Point, thinned } from './thinned.js';

export interface Series {
  readonly name: string;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

export interface Plot {
  readonly title: string;
  readonly unit: string;
  /** `shares`: x is no time but the share of samples (0 to 100 %) that are no larger. */
  readonly kind: 'points' | 'line' | 'shares';
  readonly series: readonly Series[];
}

interface Request {
  readonly at: (t: number) => number;
  readonly spanMs: number;
}

const MAX_SERIES = 8;
const MAX_POINTS = 400;
const BYTES_STEPS = 200;
/** The harness's own delay is shown where it could have spoilt a measurement. */
const STARVED_MS = 100;
/** Fewer messages that came to two places say nothing of how late they were. */
const MIN_SHARED = 10;

/** The numbers of a scenario that belong under its lanes; none where there are none. */
export function plotsOf(history: HistoryView, request: Request): Plot[] {
  return [
    latenessOf(history, request),
    memoryOf(history, request),
    bytesOf(history, request),
    ...samplesOf(history),
    delayOf(history, request),
  ].filter((plot) => plot !== undefined);
}

/** How much later each message came here than where it was seen first. What is said twice cannot be told apart, and is left out. */
function latenessOf(history: HistoryView, { at }: Request): Plot | undefined {
  const arrivals = new Map<string, Map<string, number>>();
  const repeated = new Set<string>();
  for (const { dir, opcode, packet, hash, gate, t } of history.of('message')) {
    if (dir !== 'down' || (opcode !== 'text' && opcode !== 'binary') || packet !== undefined) continue;
    const seen = arrivals.get(hash) ?? new Map<string, number>();
    if (seen.has(gate)) repeated.add(hash);
    arrivals.set(hash, seen.set(gate, t));
  }
  const late: { readonly gate: string; readonly point: Point }[] = [];
  let shared = 0;
  for (const [hash, seen] of arrivals) {
    if (seen.size < 2 || repeated.has(hash)) continue;
    shared += 1;
    const first = Math.min(...seen.values());
    for (const [gate, t] of seen) {
      if (!gate.endsWith('-far')) late.push({ gate, point: [at(t), t - first] });
    }
  }
  if (shared < MIN_SHARED) return undefined;
  const points = [...groupedBy(late, ({ gate }) => gate)].map(
    ([gate, own]) => [gate, own.map(({ point }) => point)] as const,
  );
  return plotOf('How late messages came', 'ms', 'points', new Map(points));
}

function memoryOf(history: HistoryView, { at }: Request): Plot | undefined {
  const byProcess = groupedBy(history.of('memory'), ({ process }) => process);
  const points = [...byProcess].map(
    ([name, events]) => [name, events.map(({ t, rssBytes }): Point => [at(t), rssBytes / MIB])] as const,
  );
  return plotOf('Memory of the process', 'MiB', 'line', new Map(points));
}

function bytesOf(history: HistoryView, { at, spanMs }: Request): Plot | undefined {
  const stepMs = Math.max(100, Math.ceil(spanMs / BYTES_STEPS));
  const directions = { down: 'to clients', up: 'to the server' } as const;
  const sums = new Map<string, number[]>();
  for (const { dir, bytes, t, gate } of history.of('message')) {
    // Seen already by the gate beside the client.
    if (gate.endsWith('-far')) continue;
    const own = sums.get(directions[dir]) ?? new Array<number>(Math.ceil(spanMs / stepMs) + 1).fill(0);
    const index = Math.floor(at(t) / stepMs);
    own[index] = (own[index] ?? 0) + bytes;
    sums.set(directions[dir], own);
  }
  const points = [...sums].map(
    ([name, list]) => [name, list.map((sum, index): Point => [index * stepMs, (sum / 1024 / stepMs) * 1000])] as const,
  );
  return plotOf('Messages', 'KiB/s', 'line', new Map(points));
}

/** Samples carry no times of their own: a curve from the smallest to the largest, one plot a unit. */
function samplesOf(history: HistoryView): Plot[] {
  const byUnit = groupedBy(
    history.of('samples').filter(({ values }) => values.length > 1),
    ({ unit }) => unit,
  );
  return [...byUnit].flatMap(([unit, events]) => {
    const names = groupedBy(events, ({ name }) => name);
    const points = [...names].map(([name, own]) => {
      const values = own.flatMap((event) => event.values);
      const sorted = values.toSorted((a, b) => a - b);
      return [
        name,
        SHARES.map((share): Point => [share, sorted[Math.round((share / 100) * (sorted.length - 1))] ?? 0]),
      ] as const;
    });
    return plotOf('Samples, from the smallest to the largest', unit, 'shares', new Map(points)) ?? [];
  });
}

const SHARES = Array.from({ length: 51 }, (_, n) => 2 * n);

function delayOf(history: HistoryView, { at }: Request): Plot | undefined {
  const loops = history.of('loop');
  if (!loops.some(({ maxMs }) => maxMs > STARVED_MS)) return undefined;
  const points = loops.map(({ t, maxMs }): Point => [at(t), maxMs]);
  return plotOf("Holdfast's own delay", 'ms', 'line', new Map([['longest stall of each second', points]]));
}

function plotOf(
  title: string,
  unit: string,
  kind: Plot['kind'],
  points: ReadonlyMap<string, readonly Point[]>,
): Plot | undefined {
  const series = [...points]
    .filter(([, own]) => own.length > 0)
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .slice(0, MAX_SERIES)
    .map(([name, own]) => {
      const shown = kind === 'shares' ? own : thinned(own, MAX_POINTS);
      return { name, xs: shown.map(([x]) => x), ys: shown.map(([, y]) => Number(y.toPrecision(4))) };
    });
  return series.length === 0 ? undefined : { title, unit, kind, series };
}
