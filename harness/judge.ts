import { brokenBefore } from './broken-before.js';
import { confidenceOf } from './confidence.js';
import type {
  Check,
  Finding,
  HistoryEvent,
  HistoryView,
  JudgeContext,
  Role,
  RunOptions,
  SelfCheck,
  Summary,
  Target,
  Verdict,
} from './contract.js';
import { messageOf } from './errors.js';
import { inconclusive, skipped } from './finding.js';
import { askingOf, streamReason } from './finite-streams.js';
import { viewOf } from './history.js';
import { takesMeasure } from './lost.js';
import { undecidedBy, watched } from './not-all-kept.js';
import { throughPortProxy } from './port-proxy.js';
import { heldAgainst } from './self-check-verdicts.js';
import { LEFT_PATH } from './target/left-path.js';

/** What was planned for a check: its scenario, or the reason why there is none. */
export interface Planned {
  readonly check: Check;
  readonly skip?: string;
  /** Its scenario disturbs something, after a baseline in which nothing is. */
  readonly disturbs?: boolean;
}

/** Verdicts from a history: pure, synchronous, no network, no clock. The order is that of `planned`. */
export function judge(
  planned: readonly Planned[],
  histories: ReadonlyMap<string, readonly HistoryEvent[]>,
  target: Target,
  options: RunOptions,
  selfCheck: SelfCheck | null = null,
): Verdict[] {
  const views = new Map<string, HistoryView>();
  const asking = askingOf(histories.get('preflight') ?? []);
  const found = planned.map(({ check, skip: planSkip, disturbs = false }) => {
    const expect = thresholds(check, target, options);
    const skip = planSkip ?? streamReason(check, asking);
    if (skip !== undefined) return { check, expect, finding: skipped(skip) };
    let view = views.get(check.scenario);
    if (!view) {
      view = viewOf(histories.get(check.scenario) ?? []);
      views.set(check.scenario, view);
    }
    const finding = guarded(check, view, { target, options, expect }, disturbs);
    return { check, expect, finding: heldAgainst(selfCheck, check, expect, finding) };
  });
  const failed = new Set(found.filter(failedWhole).map(({ check }) => check.id));
  const passed = new Set(found.filter(({ finding }) => finding.outcome === 'pass').map(({ check }) => check.id));
  return found.map(({ check, expect, finding }) => {
    const cause = check.needs?.find((id) => failed.has(id));
    const settled = cause !== undefined && finding.outcome !== 'skipped' ? skipped(`follows from ${cause}`) : finding;
    return toVerdict(check, expect, contradicted(check, settled, passed) ?? settled);
  });
}

/** What follows from a failure does not follow where there is none. */
function contradicted(check: Check, finding: Finding, passed: ReadonlySet<string>): Finding | undefined {
  const [protocol] = check.id.split('/');
  const from = `${protocol}/${finding.followsFrom}`;
  if (finding.followsFrom === undefined || !passed.has(from)) return undefined;
  const { because = [], measured = {} } = finding;
  return inconclusive(`it would have been skipped (${finding.reason}), but ${from} passes`, { because, measured });
}

/** What failed only in a part that is asked for less strictly is well enough for others to build on. */
function failedWhole({ check, finding }: { readonly check: Check; readonly finding: Finding }): boolean {
  return finding.outcome === 'fail' && (finding.level === undefined || finding.level === check.level);
}

function thresholds(check: Check, target: Target, options: RunOptions): Record<string, number> {
  const expect: Record<string, number> = { ...check.expect };
  for (const name of check.scaled ?? []) {
    const value = expect[name];
    if (value !== undefined) expect[name] = value * options.scale;
  }
  return { ...expect, ...target.expect[check.id] };
}

/**
 * What holds for every check: no events, no verdict; a crash or an obstacle is no pass; a check that throws is inconclusive; a run that
 * was cut off, or that met something broken before it disturbed anything, shows neither a pass nor a failure.
 */
function guarded(check: Check, view: HistoryView, context: JudgeContext, disturbs: boolean): Finding {
  if (view.events.length === 0) return inconclusive(`the scenario ${check.scenario} left no events`);
  const broken = view.of('obstacle').find((event) => event.code === 'SCENARIO_BROKEN');
  let finding: Finding;
  const watch = watched(view);
  try {
    finding = check.judge(watch.view, context);
  } catch (error) {
    return inconclusive(`the check itself failed: ${messageOf(error)}`);
  }
  const limit = undecidedBy(view, watch.read, finding);
  if (limit) return inconclusive(limit.text, { measured: finding.measured ?? {}, because: [limit] });
  const crash = view.of('process').find(isServerCrash);
  const settled = crash && finding.settledBy !== undefined && finding.settledBy.t < crash.t;
  if (crash && !settled && (finding.outcome === 'pass' || finding.outcome === 'inconclusive')) {
    const how = crash.signal ? `by ${crash.signal}` : `with exit code ${crash.code ?? 'unknown'}`;
    return inconclusive(`the server ended by itself (${how}) during this scenario`, { because: [crash] });
  }
  // What it did elsewhere was not seen, so neither its failing nor its keeping a rule here is known (CHECKLIST rule 24).
  const left = view.of('obstacle').find((event) => event.code === LEFT_PATH);
  if (left && check.role === 'client' && (finding.outcome === 'pass' || finding.outcome === 'fail')) {
    return inconclusive(left.text, { measured: finding.measured ?? {}, because: [left] });
  }
  const decided = finding.outcome === 'pass' || finding.outcome === 'fail';
  const lost = view.of('obstacle').find(({ code }) => takesMeasure(code));
  if (lost && finding.outcome !== 'skipped') {
    return inconclusive(lost.text, { measured: finding.measured ?? {}, because: [lost] });
  }
  // What is missing from a history that ends early may have come later.
  const whole = view.of('phase').some(({ phase, label }) => phase === 'done' && label === undefined);
  const early = disturbs && view.phaseAt('fault') === undefined;
  if (broken && (finding.outcome === 'inconclusive' || finding.outcome === 'pass' || (decided && (early || !whole)))) {
    // Whose fault it was is not known: it may be the harness that could not go on.
    return inconclusive(early ? `before anything was disturbed, ${broken.text}` : broken.text, { because: [broken] });
  }
  // A fact that this history does not hold (a part of one, or an older one) makes every comparison with it false.
  const unknown = Object.entries(finding.measured ?? {}).filter(([, value]) => !isKnown(value));
  if (decided && unknown.length > 0) {
    return inconclusive(`not in the history: ${unknown.map(([name]) => name).join(', ')}`, {
      because: finding.because ?? [],
    });
  }
  if (decided && !whole) return inconclusive(`the scenario ${check.scenario} was cut off before its end`);
  const ends = check.role === 'server' ? brokenBefore(view) : undefined;
  if (decided && ends) {
    const each = ends.length === 1 ? 'the one connection' : `each of ${ends.length} connections`;
    return inconclusive(`it was broken before anything was disturbed: the server had ended ${each}`, {
      because: ends.slice(0, 3),
    });
  }
  const silent = Object.keys(check.measured).filter((name) => !(name in (finding.measured ?? {})));
  if (finding.outcome === 'fail' && finding.because?.length === 0) {
    return inconclusive('the check failed it without evidence', { measured: finding.measured ?? {} });
  }
  const told = throughPortProxy(check, view, finding);
  return silent.length === 0
    ? told
    : { ...told, measured: { ...Object.fromEntries(silent.map((name) => [name, null])), ...told.measured } };
}

function isKnown(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isKnown) : typeof value !== 'number' || Number.isFinite(value);
}

function toVerdict(check: Check, threshold: Record<string, number>, finding: Finding): Verdict {
  const sure = confidenceOf(check, threshold, finding);
  const level = finding.level ?? check.level;
  return {
    check: check.id,
    level,
    antiPattern: check.antiPattern,
    role: check.role,
    outcome: finding.outcome,
    title: check.title,
    // A finding of its own level asks no more than that.
    expected: check.title.replace(check.level, level),
    actual: finding.actual,
    measured: finding.measured ?? {},
    threshold,
    because: (finding.because ?? []).map((event) => event.seq),
    scenario: check.scenario,
    view: finding.view ?? 'wire',
    ...sure,
    conformant: finding.conformant ?? null,
    waived: null,
    reason: finding.reason ?? null,
    fix: finding.fix ?? check.fix,
  };
}

/** Whether a server ended by itself in any scenario, or before the first one. */
export function hasCrashed(histories: ReadonlyMap<string, readonly HistoryEvent[]>): boolean {
  return [...histories.values()].some((events) => events.some(isServerCrash));
}

function isServerCrash(event: HistoryEvent): boolean {
  return event.type === 'process' && event.what === 'crash' && event.facts?.role === 'server';
}

/** Counts and grade (DESIGN section 3). */
export function summarize(
  verdicts: readonly Verdict[],
  scale: number,
  roles: readonly Role[],
  crashed = false,
  mustLeftOut = 0,
): Summary {
  const count = (outcome: string) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  const asked = (role: Role) => roles.includes(role) || roles.includes('system');
  const musts = verdicts.filter((verdict) => verdict.level === 'MUST' && asked(verdict.role));
  const decided = musts.filter((verdict) => verdict.outcome === 'pass' || verdict.outcome === 'fail');
  return {
    pass: count('pass'),
    fail: count('fail'),
    inconclusive: count('inconclusive'),
    skipped: count('skipped'),
    mustSeen: [decided.length, musts.length],
    mustLeftOut,
    waived: verdicts.filter(({ outcome, waived }) => outcome === 'fail' && waived !== null).length,
    crashed,
    grade: mustLeftOut > 0 && !crashed ? null : gradeOf(verdicts, scale, crashed),
  };
}

/** A waived failure is one: whoever gates on a grade leaves it out (exit.ts). */
export function gradeOf(verdicts: readonly Verdict[], scale: number, crashed: boolean): string | null {
  const of = (level: string, outcome: string) =>
    verdicts.filter((verdict) => verdict.level === level && verdict.outcome === outcome).length;
  const decided = verdicts.filter(({ outcome }) => outcome === 'pass' || outcome === 'fail').length;
  // A crash leaves MUSTs inconclusive, and is worse than not to know.
  if (crashed && scale === 1) return 'F';
  if (of('MUST', 'inconclusive') > 0 || scale !== 1 || decided === 0) return null;
  const mustFails = of('MUST', 'fail');
  if (mustFails > 3) return 'F';
  if (mustFails > 1) return 'D';
  if (mustFails === 1) return 'C';
  const shoulds = of('SHOULD', 'pass') + of('SHOULD', 'fail');
  if (verdicts.every(({ outcome }) => outcome === 'pass' || outcome === 'skipped')) return 'A+';
  return of('SHOULD', 'pass') >= 0.9 * shoulds ? 'A' : 'B';
}
