import { z } from 'zod';
import { didYouMean } from '../cli/nearest.js';
import { HarnessError } from '../errors.js';
import { issueWords } from '../issue-words.js';
import { type Control, parametersOf } from './controls.js';

/** On whom a fault acts: on all, on a share that the seed chooses, or on one connection. */
export type Scope = 'all' | { readonly share: number } | { readonly conn: number };

/** What is asked for by hand: one fault, on whom, for how long, when, and how often. */
export interface Hand {
  readonly fault: string;
  readonly params: Readonly<Record<string, number | string | boolean | null>>;
  readonly scope: Scope;
  /** Until it heals by itself; undefined: until somebody heals it. */
  readonly forMs: number | undefined;
  readonly inMs: number;
  readonly times: number;
  /** From one time to the next. */
  readonly everyMs: number;
}

const MOST_MS = 86_400_000;
const MOST_TIMES = 1000;
const DEFAULT_EVERY_MS = 5000;

const ms = z
  .number({ error: 'must be a number of milliseconds' })
  .min(0, 'must be 0 or more')
  .max(MOST_MS, 'is too long');
const handSchema = z.strictObject({
  fault: z.string({ error: 'must name a fault' }),
  params: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).optional(),
  scope: z
    .union(
      [
        z.literal('all'),
        z.strictObject({ share: z.number().gt(0).max(1) }),
        z.strictObject({ conn: z.number().int().min(1) }),
      ],
      { error: 'must be "all", {"share": 0.5} or {"conn": 3}' },
    )
    .optional(),
  forMs: ms.optional(),
  inMs: ms.optional(),
  times: z
    .number({ error: 'must be a number' })
    .int()
    .min(1, 'must be 1 or more')
    .max(MOST_TIMES, 'is too often')
    .optional(),
  everyMs: ms.optional(),
});

/** A request understood, or a HarnessError that names what is wrong with it. */
export function parseHand(given: unknown, controls: readonly Control[]): Hand {
  const parsed = handSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const what = issue ? issueWords(issue) : 'cannot be understood';
    throw new HarnessError('BAD_HAND', `${issue?.path.join('.') || 'it'} ${what}`);
  }
  const {
    fault,
    params = {},
    scope = 'all',
    forMs,
    inMs = 0,
    times = 1,
    everyMs = inMs || DEFAULT_EVERY_MS,
  } = parsed.data;
  const control = controls.find((one) => one.fault === fault);
  if (!control) {
    const known = controls.map((one) => one.fault);
    throw new HarnessError('NO_FAULT', `there is no fault "${fault}" by hand${didYouMean(fault, known)}`);
  }
  const kind = scope === 'all' ? 'all' : 'share' in scope ? 'share' : 'one';
  if (!control.scopes.includes(kind)) {
    throw new HarnessError('BAD_SCOPE', `${fault} acts on ${control.scopes.join(' or ')}, not on ${kind}`);
  }
  return {
    fault,
    params: parametersOf(control, params),
    scope,
    // One that is to come again must have gone before.
    forMs: forMs ?? (times > 1 && !control.instant ? everyMs / 2 : undefined),
    inMs,
    times,
    everyMs,
  };
}
