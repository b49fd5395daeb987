import type { ControlKind } from './contract.js';

/** The control clients of the self-check: what each of them waits is known, and so is what must be said of it. */
export const CONTROL_KINDS: readonly ControlKind[] = ['none', 'fixed', 'exponential', 'full-jitter', 'decorrelated'];

/** As many of each kind as jitter is compared over (CHECKLIST rule 6). */
export const CONTROLS = 8;
const FIRST_MS = 400;
const FIXED_MS = 1000;
const CAP_MS = 2500;
/** Nearer to nothing a retry is "immediate", which is another thing (rule 6). */
const LEAST_MS = 150;
const DELAYS = 4;
/** More than ten attempts in 10 s are too many; each is open for this long, since nearer ones are one attempt (rule 2). */
const HOT_ATTEMPTS = 15;
export const OPEN_MS = 110;

/** Milliseconds before each attempt of the i-th client of a kind, the same in every run. */
export function controlDelays(kind: ControlKind, client: number): number[] {
  const of = (delay: (k: number, before: number) => number) => {
    const list: number[] = [];
    for (let k = 0; k < DELAYS; k++) list.push(Math.round(delay(k, list.at(-1) ?? 0)));
    return list;
  };
  const grown = (k: number) => FIRST_MS * 2 ** k;
  switch (kind) {
    case 'none':
      return Array.from({ length: HOT_ATTEMPTS }, () => 0);
    case 'fixed':
      return of(() => FIXED_MS);
    case 'exponential':
      return of(grown);
    case 'full-jitter':
      return of((k) => Math.max(LEAST_MS, spread(client, k) * grown(k)));
    case 'decorrelated':
      return of((_, before) => between(FIRST_MS, 3 * Math.max(before, FIRST_MS), spread(client, before)));
  }
}

function between(low: number, high: number, share: number): number {
  return Math.min(CAP_MS, low + share * (high - low));
}

/** From 0 to 1, and even: chance would now and then draw eight that look like none. */
function spread(client: number, k: number): number {
  return (client * 0.618034 + k * 0.381966 + 0.3) % 1;
}
