import type { EventBodyAt, EventOf, HistoryView } from '../../harness/contract.js';
import { MIB } from '../../harness/numbers.js';

/** What a thousand clients after another left behind; undefined where none left. */
export function leavingOf(history: HistoryView) {
  const before = history.measures('before')[0];
  const rounds = history.measures('after');
  const [first] = rounds;
  const last = rounds.at(-1);
  if (!before || !first || !last || history.bites('departure').length === 0) return undefined;
  const seen = [before, ...rounds];
  const work = knownOf(seen, 'workMs');
  const memory = stepsOf(knownOf(seen, 'rssBytes'));
  const stay = rounds.map(({ facts }) => Math.max(0, Number(facts.descriptors) - Number(before.facts.descriptors)));
  const left = rounds.reduce((sum, { facts }) => sum + Number(facts.left), 0);
  const measured = {
    left,
    tookMs: typeof last.facts.tookMs === 'number' ? last.facts.tookMs : null,
    descriptorsLeft: stay.at(-1) ?? null,
    workBeforeMs: hundredth(before.facts.workMs),
    workMs: hundredth(last.facts.workMs),
    rssGrowthBytes: memory.reduce((sum, step) => sum + step, 0),
  };
  return { before, rounds, first, stay, left, work, memory, measured };
}

/** Before and after each round; none where one is not known. */
function knownOf(seen: readonly EventOf<'measure'>[], name: string): number[] {
  const known = seen.map(({ facts }) => facts[name]).filter((value) => typeof value === 'number');
  return known.length < seen.length ? [] : known;
}

function stepsOf(values: readonly number[]): number[] {
  return values.slice(1).map((value, i) => value - (values[i] ?? 0));
}

/**
 * Two hundred have left before the first value, and a thousand more before each further one. What is done for them grows with them,
 * from the first and beyond the second; what comes of a busy machine or a cold program does not.
 */
export function growsOn(values: readonly number[], leastStep: number): boolean {
  const [before = 0, first = 0] = values;
  const last = values.at(-1) ?? 0;
  const rounds = values.length - 1;
  return (
    rounds >= 2 &&
    last > Math.max(before + rounds * leastStep, 3 * before) &&
    last > Math.max(first + (rounds - 1) * leastStep, 1.4 * first)
  );
}

export function eachAbove(grown: readonly number[], limit: number): boolean {
  return grown.length > 0 && grown.every((step) => step > limit);
}

function hundredth(value: unknown): number | null {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : null;
}

/** Eight descriptors before, and so many after each thousand. */
export function leavingStory(...descriptors: readonly number[]): EventBodyAt[] {
  const cost = { rssBytes: 50 * MIB, workMs: 0.4 };
  const after = { left: 1000, held: 110, tookMs: 40, writes: 4, ...cost, alive: true };
  return [
    [0, { type: 'measure', name: 'before', facts: { descriptors: 8, ...cost } }],
    [1, { type: 'fault', fault: 'departure', what: 'bite', who: 'd', facts: { left: 100, by: 'FIN' } }],
    ...descriptors.map((count, i): EventBodyAt => {
      const facts = { round: i + 1, ...after, descriptors: count };
      return [9000 * (i + 1), { type: 'measure', name: 'after', facts }];
    }),
  ];
}
