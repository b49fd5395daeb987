/** Nobody types a longer name, and comparing one takes time. */
const LONGEST_TYPED = 200;

/** The candidate nearest to what was typed, or undefined when none is near enough to be meant. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  if (typed.length > LONGEST_TYPED) return undefined;
  const wanted = typed.toLowerCase();
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = Math.min(...forms(candidate).map((form) => editDistance(wanted, form)));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  // Half the letters wrong is another word.
  return bestDistance <= Math.max(2, wanted.length / 2) ? best : undefined;
}

/** ` (did you mean X?)`, or nothing. */
export function didYouMean(typed: string, candidates: readonly string[]): string {
  const near = nearest(typed, candidates);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

/** An id may be typed without its protocol. */
function forms(candidate: string): string[] {
  const whole = candidate.toLowerCase();
  return whole.includes('/') ? [whole, whole.slice(whole.indexOf('/') + 1)] : [whole];
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (list: readonly number[], index: number) => list[index] ?? Number.POSITIVE_INFINITY;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
