import type { Target } from '../contract.js';
import { isJson } from '../json.js';
import { fillSlot } from './resume.js';

/** No request of a client has it by chance. */
const PROBE = '918273645';
/** Of our ids, which have nine digits. */
const LEAST_ID = 100_000_000;

/** The number at the place that the target's `resume` names; where it declares none, a field that looks like one of ours. */
export function presentedIn(fields: Record<string, unknown>, { resume }: Target): number | undefined {
  if (resume === undefined)
    return Object.values(fields)
      .map(Number)
      .find((number) => number >= LEAST_ID);
  if (resume.in !== 'message') return undefined;
  const filled = fillSlot(resume, PROBE);
  const wanted = filled.in === 'message' && isJson(filled.text) ? placeOf(JSON.parse(filled.text), PROBE) : undefined;
  if (wanted === undefined) return undefined;
  const value = wanted.path.reduce<unknown>(
    (inside, name) => (inside as Record<string, unknown> | null)?.[name],
    fields,
  );
  const digits = String(value ?? '').slice(wanted.before, -wanted.behind || undefined);
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}

/** Where this text stands in a value, and between how many characters of its own. */
function placeOf(value: unknown, text: string): { path: string[]; before: number; behind: number } | undefined {
  if (typeof value !== 'object' || value === null) {
    const before = String(value).indexOf(text);
    return before < 0 ? undefined : { path: [], before, behind: String(value).length - before - text.length };
  }
  for (const [name, inside] of Object.entries(value)) {
    const place = placeOf(inside, text);
    if (place) return { ...place, path: [name, ...place.path] };
  }
  return undefined;
}
