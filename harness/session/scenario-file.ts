import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { HandScenario } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import { issueWords } from '../issue-words.js';

/** What was done by hand, as a file: DESIGN's scenario as facts, for `replay` of a target in a holdfast.config. */

const params = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]));
const place = z.union([
  z.literal('all'),
  z.strictObject({ share: z.number().gt(0).max(1) }),
  z.strictObject({ nth: z.number().int().min(0) }),
]);
const atMs = z.number().min(0).max(86_400_000);
const step = z.discriminatedUnion('do', [
  z.strictObject({
    atMs,
    do: z.literal('inject'),
    act: z.number().int(),
    left: z.number().int().min(0),
    fault: z.string(),
    params,
    on: place,
  }),
  z.strictObject({ atMs, do: z.literal('heal'), act: z.number().int() }),
]);
const schema = z.strictObject({
  schema: z.literal('holdfast.scenario/1', { error: 'must be holdfast.scenario/1' }),
  about: z.string(),
  protocol: z.string(),
  seed: z.number().int().min(0),
  /** Connections that were open when it began: so many are waited for. */
  connections: z.number().int().min(1).max(10_000),
  /** From the first of them to the end; the steps' times begin there too. */
  lengthMs: z
    .number()
    .min(0)
    .max(2 * 86_400_000),
  steps: z.array(step).min(1, 'is empty').max(100_000),
  /** The checks that this had shown enough to. */
  judged: z.array(z.string()),
});

export function readScenarioFile(path: string): HandScenario {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new HarnessError('BAD_SCENARIO', `cannot read the scenario ${path}: ${messageOf(cause)}`, { cause });
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = issue ? issueWords(issue) : 'is wrong';
  throw new HarnessError('BAD_SCENARIO', `${path}: ${issue?.path.join('.') || 'it'} ${what}`);
}
