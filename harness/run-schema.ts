import { z } from 'zod';
import { issueWords } from './issue-words.js';

/**
 * What a saved run must be before anything reads it: it may come from another machine, an artefact of CI or an editor. Fields that
 * a later Holdfast added are let through.
 */

const text = z.string();
const number = z.number();
const count = z.int().min(0);
/** Of a check, a scenario, a version: shown as they are. */
const id = text.regex(/^[\w.+:/-]*$/, 'must be a name: letters, digits and . _ + : / -');
const strings = z.record(text, text);
const outcome = z.enum(['pass', 'fail', 'inconclusive', 'skipped']);
const role = z.enum(['client', 'server']);
const port = z.int().min(1).max(65535);
const instant = text.refine((given) => !Number.isNaN(Date.parse(given)), 'must be a time, as 2027-03-31T12:00:00.000Z');

const slot = z.union([
  z.looseObject({ in: z.enum(['query', 'header']), name: text, value: text }),
  z.looseObject({ in: z.literal('message'), text }),
  z.looseObject({ in: z.literal('none') }),
]);

const waiver = z.looseObject({ check: id, reason: text, until: text });

const target = z.looseObject({
  name: text,
  protocol: id,
  roles: z.array(z.enum(['client', 'server', 'system'])),
  server: z.exactOptional(
    z.looseObject({
      ...optional({
        command: text,
        url: text,
        port,
        readyLog: text,
        readyUrl: text,
        healthUrl: text,
        metricsUrl: text,
      }),
      stopSignal: id,
      graceMs: number,
      serialCopies: z.boolean(),
      quietEnv: strings,
      pressureEnv: strings,
    }),
  ),
  client: z.exactOptional(z.looseObject({ command: text, ...optional({ listen: port }), pressureEnv: strings })),
  path: text,
  ...optional({ subprotocol: text, proto: text, method: text, sequence: text, caFile: text, budgets: z.array(text) }),
  ...optional({ subscribe: slot, resume: slot, auth: slot, badAuth: slot, command: slot }),
  delivery: z.enum(['reliable', 'latest']),
  expect: z.record(text, z.record(text, number)),
  severity: z.record(text, z.enum(['off', 'warn', 'error'])),
  known: z.array(waiver),
  env: strings,
  cwd: text,
  insecure: z.boolean(),
});

const verdict = z.looseObject({
  check: id,
  level: z.enum(['MUST', 'SHOULD', 'MAY']),
  antiPattern: z.int().nullable(),
  role,
  outcome,
  ...{ title: text, expected: text, actual: text, fix: text, scenario: id },
  measured: z.record(text, z.unknown()),
  threshold: z.record(text, number),
  because: z.array(z.int()),
  view: z.enum(['wire', 'application']),
  confidence: z.enum(['high', 'medium', 'low']),
  samples: number.nullable(),
  margin: z.looseObject({ measured: text, threshold: text, share: number }).nullable(),
  conformant: z.boolean().nullable(),
  waived: text.nullable(),
  reason: text.nullable(),
  ...optional({
    counts: z.looseObject({ pass: count, fail: count, inconclusive: count, skipped: count }),
    run: count,
  }),
});

const budget = z.looseObject({
  ...{ budget: text, check: id, role, outcome: outcome.exclude(['skipped']), actual: text },
  value: number.nullable(),
});

const selfCheck = z.looseObject({
  timerP50Ms: number.nullable(),
  timerP99Ms: number.nullable(),
  proxyP50Ms: number.nullable(),
  proxyP99Ms: number.nullable(),
  processStartMs: number.nullable(),
  controls: z.array(
    z.looseObject({
      check: id,
      client: z.enum(['none', 'fixed', 'exponential', 'full-jitter', 'decorrelated']),
      expected: z.enum(['pass', 'fail']),
      outcome,
    }),
  ),
});

export const runSchema = z.looseObject({
  schema: z.literal('holdfast.run/1'),
  version: id,
  seed: count,
  replay: text,
  engine: z.looseObject({ kind: z.enum(['toxiproxy', 'docker', 'embedded']), version: text }),
  machine: z.looseObject({ node: text, cpus: count, platform: text }),
  target,
  options: z.looseObject({
    seed: count,
    scale: number.gt(0),
    copies: z.int().min(1).max(256),
    clients: z.int().min(1).max(10_000),
    long: z.boolean(),
    engine: text,
    only: z.array(id),
    skip: z.array(id),
    ...optional({ idleS: number, repeat: z.int().min(1).max(100) }),
  }),
  startedAt: instant,
  durationMs: number.min(0),
  wall: z.looseObject({ quietMs: number, busyMs: number, limitMs: number }),
  verdicts: z.array(verdict),
  waivers: z.array(waiver.extend({ state: z.enum(['holds', 'passes', 'expired', 'unseen']) })),
  budgets: z.array(budget),
  selfCheck: selfCheck.nullable(),
  summary: z.looseObject({
    ...{ pass: count, fail: count, inconclusive: count, skipped: count, mustLeftOut: count, waived: count },
    mustSeen: z.tuple([count, count]),
    crashed: z.boolean(),
    grade: z.enum(['A+', 'A', 'B', 'C', 'D', 'F']).nullable(),
  }),
});

function optional<Shape extends z.ZodRawShape>(shape: Shape): { [K in keyof Shape]: z.ZodExactOptional<Shape[K]> };
function optional(shape: z.ZodRawShape): z.ZodRawShape {
  return Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, z.exactOptional(type)]));
}

/** The first field that is wrong, and how: `verdicts.3.level must be text`. */
export function wrongField({ issues }: z.core.$ZodError): string {
  const [first] = issues;
  const path = first?.path.join('.') || 'all of it';
  return first ? `${path} ${issueWords(first)}` : path;
}
