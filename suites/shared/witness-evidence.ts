import type { EventOf, Finding } from '../../harness/contract.js';
import { fail, inconclusive } from '../../harness/finding.js';

type Details = Parameters<typeof fail>[1];

/** What undisturbed clients had to bear while others misbehaved; undefined where they kept their streams. */
export function harmOf({ facts }: EventOf<'measure'>, details: Details): Finding | undefined {
  const { witnesses, open, going, endAnyway } = facts;
  if (!(Number(witnesses) > 0)) return inconclusive('there was nobody beside it to be harmed', details);
  const lost = Number(witnesses) - Number(open);
  const still = Number(open) - Number(going);
  if (lost > 0 && endAnyway === true) {
    return inconclusive('the server ends its sessions after a time by itself, so that none could be watched', details);
  }
  if (lost > 0) return fail(`ended ${lost} of ${witnesses} clients that had done nothing`, details);
  return still > 0 ? fail(`${still} of ${witnesses} other streams stood still`, details) : undefined;
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
