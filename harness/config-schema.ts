import { constants } from 'node:os';
import { z } from 'zod';
import { parseBudget } from './budget.js';
import type { Slot } from './contract.js';
import { isJson } from './json.js';
import { reporterNames } from './reporters/registry.js';

/** The words of DESIGN section 3: the flags' names in camelCase, the same on the command line and in a config. */

export const GATES = ['MUST', 'SHOULD', 'A+', 'A', 'B', 'C', 'D'] as const;
export type GateLevel = (typeof GATES)[number];

/** Words that DESIGN has and the program has not yet: refused instead of being ignored. */
export const NOT_BUILT: ReadonlyMap<string, string> = new Map([['middlebox', 'there are no middleboxes yet']]);

const words = z.string({ error: 'must be text' }).min(1, 'must not be empty');
const flag = z.boolean({ error: 'must be true or false' });
const number = z.number({ error: 'must be a number' });
const positive = number.gt(0, 'must be more than 0');
/** A day; no timer of Node's holds much more than three weeks. */
const seconds = positive.max(86_400, 'must be 86400 (a day) or less');
const whole = (least: number, most: number) =>
  number.int('must be a whole number').min(least, `must be ${least} or more`).max(most, `must be ${most} or less`);
const port = whole(1, 65535);
const httpUrl = words.refine(
  (text) => /^https?:$/.test(protocolOf(filledUrl(text))),
  'must be an http:// or https:// URL',
);

const signal = words.transform((text, context) => {
  const name = text.toUpperCase().startsWith('SIG') ? text.toUpperCase() : `SIG${text.toUpperCase()}`;
  if (isSignal(name)) return name;
  context.addIssue({ code: 'custom', message: `"${text}" is no signal of this machine: write SIGTERM, SIGINT, ...` });
  return z.NEVER;
});

const pattern = words.refine(isPattern, 'is not a regular expression');

const slot = z
  .union([z.string(), z.record(z.string(), z.unknown())], { error: 'must be text or an object' })
  .transform((given, context): Slot => {
    const parsed = typeof given === 'string' ? parseSlot(given) : messageSlot(given);
    if (parsed) return parsed;
    context.addIssue({
      code: 'custom',
      message: `${typeof given === 'string' ? `"${given}"` : 'it'} is none of ?name=value (query), "Name: value" (header), JSON (first message) or none`,
    });
    return z.NEVER;
  });

const day = words.refine(
  (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00Z`).toJSON()?.startsWith(text) === true,
  'must be a day, as 2027-03-31',
);

const variables = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String), {
  error: 'must be an object of names and values',
});

const envList = z
  .union([z.string(), variables], { error: 'must be K=V,.. or an object' })
  .transform((given, context): Readonly<Record<string, string>> => {
    if (typeof given !== 'string') return given;
    // A comma within a value is kept: only one before the next NAME= separates.
    const pairs = given
      .split(/,(?=[A-Za-z_][A-Za-z0-9_]*=)/)
      .map((pair) => /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(pair));
    const parsed: Record<string, string> = {};
    for (const pair of pairs) {
      const [, name, value] = pair ?? [];
      if (name === undefined || value === undefined) {
        context.addIssue({ code: 'custom', message: `"${given}" is not K=V,K=V,..` });
        return z.NEVER;
      }
      parsed[name] = value;
    }
    return parsed;
  });

const list = z
  .union([z.string(), z.array(z.string())], { error: 'must be a list' })
  .transform((given) =>
    (typeof given === 'string' ? given.split(',') : given).map((item) => item.trim()).filter(Boolean),
  );

const reporters = list.transform((names, context): string[] => {
  const known = reporterNames();
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  context.addIssue({
    code: 'custom',
    message: `cannot be "${wrong}": there is no such reporter (use ${known.join(', ')})`,
  });
  return z.NEVER;
});

const ENGINES = ['auto', 'toxiproxy', 'docker', 'embedded'];
const engine = words.refine(
  (text) => ENGINES.includes(text) || /^https?:\/\/./.test(text),
  `must be ${ENGINES.join(', ')} or the URL of a Toxiproxy server`,
);

/** A server that is an image. */
const container = z.strictObject(
  {
    image: words,
    command: z.array(words, { error: 'must be a list of words' }).optional(),
    port,
    env: variables.optional(),
    ready: z.strictObject({ log: pattern, url: httpUrl }, { error: 'must be { log } or { url }' }).partial().optional(),
    stop: z.strictObject({ signal, grace: positive }, { error: 'must be { signal, grace }' }).partial().optional(),
  },
  { error: 'must be a command or { image, port, env, ready, stop }' },
);

/** One target with the options of its runs. */
export const settingsSchema = z
  .strictObject({
    url: words,
    server: z.union([words, container], { error: 'must be a command or { image, port, env, ready, stop }' }),
    client: words,
    protocol: words,
    proto: words,
    method: words,
    path: words.refine((text) => text.startsWith('/'), 'must begin with /'),
    port,
    listen: port,
    readyLog: pattern,
    readyUrl: httpUrl,
    healthUrl: httpUrl,
    metricsUrl: httpUrl,
    stopSignal: signal,
    grace: seconds,
    serialCopies: flag,
    subscribe: slot,
    resume: slot,
    auth: slot,
    badAuth: slot,
    sequence: words,
    /** A message with an effect that a client may send again: once for each id. */
    command: slot.refine(
      (one) => one.in === 'message' && one.text.includes('{id}'),
      'must be a JSON message with {id}',
    ),
    /** A scenario that holdfast session export has written, done again in place of the checklist's own. */
    replay: words,
    delivery: z.enum(['reliable', 'latest'], { error: 'must be reliable or latest' }),
    /** By check id, by the name of the threshold; and how much a check weighs. */
    expect: z.record(z.string(), z.record(z.string(), number), { error: 'must be numbers by check and name' }),
    severity: z.record(z.string(), z.enum(['off', 'warn', 'error'], { error: 'must be off, warn or error' }), {
      error: 'must be off, warn or error by check',
    }),
    budgets: z.array(
      words.refine(
        (text) => parseBudget(text) !== undefined,
        'is no budget: write "check number <= limit", as "no-reconnect rstMs <= 3000"',
      ),
      { error: 'must be a list of budgets, as "no-reconnect rstMs <= 3000"' },
    ),
    known: z.array(
      z.strictObject({ check: words, reason: words, until: day }, { error: 'must be { check, reason, until }' }),
      { error: 'must be a list of { check, reason, until }' },
    ),
    quietEnv: envList,
    pressureEnv: envList,
    env: variables,
    cwd: words,
    only: list.refine((ids) => ids.length > 0, 'names no check'),
    skip: list,
    long: flag,
    idle: seconds,
    scale: positive.min(0.001, 'must be 0.001 or more').max(1000, 'must be 1000 or less'),
    copies: whole(1, 256),
    clients: whole(1, 10_000),
    repeat: whole(1, 100),
    seed: whole(0, Number.MAX_SAFE_INTEGER),
    strict: flag,
    engine,
    ca: words,
    /** Files in PEM form: what our sessions show a server that asks its clients for a certificate. */
    clientCertificate: z.strictObject({ cert: words, key: words }, { error: 'must be { cert, key }' }),
    insecure: flag,
    iOwnThisTarget: flag,
    reporter: reporters,
    results: words,
    gate: z.enum(GATES, { error: `must be one of ${GATES.join(', ')}` }),
  })
  .partial();

/** What a person writes in a config. */
export type TargetSettings = z.input<typeof settingsSchema>;
/** The same, understood. */
export type Settings = z.output<typeof settingsSchema>;

export interface HoldfastConfig {
  readonly targets: Readonly<Record<string, TargetSettings>>;
}

/** A query, a header, a JSON message or nothing; `{id}` stands for the last id. */
export function parseSlot(given: string): Slot | undefined {
  if (given === 'none') return { in: 'none' };
  const query = /^\?([^=&]+)=([^&]*)$/.exec(given);
  if (query?.[1] !== undefined && query[2] !== undefined) return { in: 'query', name: query[1], value: query[2] };
  // A packet of Socket.IO is JSON behind digits that tell its type: 40{"token":"..."}.
  if (isJson(given.replaceAll('{id}', '0').replace(/^\d+(?=[[{])/, ''))) return { in: 'message', text: given };
  const header = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*([^\r\n]*)$/.exec(given);
  if (header?.[1] !== undefined && header[2] !== undefined) return { in: 'header', name: header[1], value: header[2] };
  return undefined;
}

/** Undefined where it is no JSON: an anchor of YAML's may hold itself. */
function messageSlot(given: object): Slot | undefined {
  try {
    return { in: 'message', text: JSON.stringify(given) };
  } catch {
    return undefined;
  }
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

function isSignal(name: string): name is NodeJS.Signals {
  return name in constants.signals;
}

/** A URL of the target's may hold the port that its copy will get; any will do to understand it. */
export function filledUrl(text: string): string {
  return text.replaceAll('{port}', '1').replaceAll('{host}', '127.0.0.1');
}

function protocolOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}
