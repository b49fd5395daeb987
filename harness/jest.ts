import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CheckTarget, namedTarget, type StartedCheck, startCheck } from './child.js';
import { didYouMean } from './cli/nearest.js';
import type { TargetSettings } from './config-schema.js';
import type { Run, Verdict } from './contract.js';
import { HarnessError } from './errors.js';
import { type Manifest, readManifest } from './manifest.js';
import { detailsOf } from './reporters/details.js';
import { printable } from './reporters/printable.js';
import { brokenWaiver } from './waivers.js';

export type { CheckTarget } from './child.js';
export type { TargetSettings } from './config-schema.js';

/** Jest's own, declared here so that no one needs its types to read ours. */
declare const describe: (name: string, body: () => void) => void;
declare const it: { (name: string, body: () => void): void; skip(name: string, body: () => void): void };
declare const beforeAll: (body: () => Promise<void>, timeoutMs: number) => void;
declare const afterAll: (body: () => Promise<void>, timeoutMs: number) => void;

type RunWords = Pick<
  TargetSettings,
  | 'only'
  | 'skip'
  | 'long'
  | 'scale'
  | 'copies'
  | 'clients'
  | 'repeat'
  | 'seed'
  | 'strict'
  | 'engine'
  | 'reporter'
  | 'results'
  | 'iOwnThisTarget'
>;

export interface ResilienceOptions extends RunWords {
  /** Inconclusive checks pass and show their reason: all of them, or those named. */
  readonly allowInconclusive?: boolean | readonly string[];
  /** Of the whole run; by default twice what its windows add up to, and two minutes. */
  readonly timeoutMs?: number;
  /** The config to find a named target in. */
  readonly config?: string;
}

const STOP_TIMEOUT_MS = 30_000;
const SETTLING_MS = 120_000;

/**
 * One `it` a check, named by its rule. The run starts in `beforeAll`, as a process of its own; each `it` reads its verdict:
 *
 *   pass          passes
 *   fail          fails with expected, actual and evidence; where the config waives it, passes and shows the reason
 *   inconclusive  fails with the reason, unless `allowInconclusive`
 *   skipped       passes and shows its reason on the console, unless `strict`: what a target lacks is known only when jest
 *                 has its list of tests, and jest cannot mark one as skipped from within. Those of `skip` are `it.skip`.
 */
export function resilience(name: string, target: CheckTarget, options: ResilienceOptions = {}): void {
  const { allowInconclusive = false, timeoutMs, ...words } = options;
  const manifest = readManifest();
  const settings = typeof target === 'string' ? { ...(isUrl(target) ? { url: target } : {}) } : target;
  const named = typeof target === 'string' && !isUrl(target) ? namedTarget(target, words.config) : undefined;
  const protocol = named?.protocol ?? protocolOf(settings, manifest);
  const idsOf = (given: string | string[] | undefined) => fullIds(given, protocol, manifest);
  const only = idsOf(words.only ?? settings.only);
  const skip = idsOf(words.skip ?? settings.skip);
  const roles = named?.roles ?? rolesOf(settings);
  const checks = manifest.checks
    .filter(({ id, role }) => id.startsWith(`${protocol}/`) && (roles.length === 0 || roles.includes(role)))
    .filter(({ id }) => only.length === 0 || only.includes(id));
  if (checks.length === 0)
    throw new HarnessError('NOTHING_TO_CHECK', `resilience(${JSON.stringify(name)}): no check is left to run`);

  describe(name, () => {
    let started: StartedCheck | undefined;
    let run: Run | undefined;
    beforeAll(
      async () => {
        started = startCheck(target, words);
        run = await started.finished;
      },
      timeoutMs ??
        (words.repeat ?? settings.repeat ?? 1) *
          (2 * windowsOf(checks, manifest, words.scale ?? settings.scale ?? 1) + SETTLING_MS),
    );
    afterAll(async () => {
      await started?.stop();
    }, STOP_TIMEOUT_MS);
    // What a config limits is known when it has been read, in the run.
    if (typeof target === 'string' && !isUrl(target)) {
      it('keeps the budgets of its config', () => {
        const broken = run?.budgets.filter(({ outcome }) => outcome !== 'pass') ?? [];
        const lines = broken.map(({ budget, outcome, actual }) => `${outcome}: ${budget}: ${printable(actual)}`);
        if (broken.length > 0) throw withoutPlace(lines);
      });
    }
    for (const { id, title, role } of checks) {
      if (skip.includes(id)) {
        it.skip(`${id}: ${title}`, () => undefined);
        continue;
      }
      it(`${id}: ${title}`, () => {
        if (!run) throw new HarnessError('NO_RUN', 'there is no run');
        const allowed =
          typeof allowInconclusive === 'boolean' ? allowInconclusive : idsOf([...allowInconclusive]).includes(id);
        const verdict = run.verdicts.find((one) => one.check === id && one.role === role);
        settle(verdict, id, run, {
          allowed,
          strict: words.strict ?? settings.strict ?? false,
          results: words.results ?? settings.results,
        });
      });
    }
  });
}

interface Settling {
  readonly allowed: boolean;
  readonly strict: boolean;
  readonly results: string | undefined;
}

function settle(verdict: Verdict | undefined, id: string, run: Run, { allowed, strict, results }: Settling): void {
  const outcome = verdict?.outcome ?? 'skipped';
  const reason = printable(verdict?.reason ?? (verdict ? verdict.actual : "left out by the config's only"));
  const waiver = run.waivers.find(({ check }) => check === id);
  const overdue = waiver && brokenWaiver(waiver);
  if (overdue !== undefined) throw new Error(`${id} ${overdue}`);
  if (outcome === 'pass') return;
  if (verdict && verdict.waived !== null) {
    console.info(`${id} is ${outcome}, which is waived: ${printable(verdict.waived)}`);
    return;
  }
  if ((outcome === 'skipped' && !strict) || (outcome === 'inconclusive' && allowed)) {
    console.info(`${id} is ${outcome}: ${reason}`);
    return;
  }
  const saved = verdict === undefined ? [] : [detailsOf(verdict), ...directoryOf(run, results)];
  const lines = [
    `${id} is ${outcome}${outcome === 'fail' ? '' : `: ${reason}`}`,
    ...saved,
    `repeat:   ${printable(run.replay)}`,
  ];
  throw withoutPlace(lines);
}

/** The place in our file says nothing about the target. */
function withoutPlace(lines: readonly string[]): Error {
  const error = new Error(lines.join('\n'));
  error.stack = error.message;
  return error;
}

function directoryOf(run: Run, results = 'results'): string[] {
  const path = join(resolve(results), run.target.name, run.startedAt.replace(/[:.]/g, '-'));
  return existsSync(path) ? [`saved in: ${path}`] : [];
}

function fullIds(given: string | string[] | undefined, protocol: string, { checks }: Manifest): string[] {
  const ids = typeof given === 'string' ? given.split(',') : (given ?? []);
  return ids.map((id) => {
    const full = id.includes('/') ? id : `${protocol}/${id}`;
    if (checks.some((check) => check.id === full)) return full;
    const known = checks.map((check) => check.id);
    throw new HarnessError('UNKNOWN_CHECK', `there is no check "${id}"${didYouMean(id, known)}`);
  });
}

function protocolOf({ protocol, url }: TargetSettings, { protocols }: Manifest): string {
  const scheme = url?.split(':')[0]?.toLowerCase() ?? '';
  return protocol?.split('/')[0] ?? protocols.find(({ schemes }) => schemes.includes(scheme))?.id ?? 'websocket';
}

/** None where nothing says it: the run does. */
function rolesOf(settings: TargetSettings): string[] {
  const server = settings.server ?? settings.url;
  return [...(server === undefined ? [] : ['server']), ...(settings.client === undefined ? [] : ['client'])];
}

function windowsOf(checks: Manifest['checks'], { scenarios }: Manifest, scale: number): number {
  const wanted = new Set(checks.map(({ scenario }) => scenario));
  return scenarios
    .filter(({ id, recordsAs }) => wanted.has(recordsAs ?? id))
    .reduce((sum, { windowMs }) => sum + windowMs * scale, 0);
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}
