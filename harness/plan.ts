import { type ResolvedBudget, resolvedBudgets } from './budget.js';
import type { Catalog } from './catalog.js';
import { didYouMean } from './cli/nearest.js';
import type { Check, RunOptions, Target } from './contract.js';
import { HarnessError } from './errors.js';
import type { Planned } from './judge.js';
import type { Scenario } from './scenario.js';
import { SESSION } from './session/names.js';

export interface PlannedScenario {
  readonly scenario: Scenario;
  /** How long it takes on a healthy target, in milliseconds. */
  readonly windowMs: number;
}

/** Which checks are judged, which are skipped and why, and the scenarios that feed them. A pure function of its arguments. */
export interface Plan {
  readonly target: Target;
  readonly options: RunOptions;
  readonly planned: readonly Planned[];
  /** MUST checks of the target's roles that the user left out. */
  readonly mustLeftOut: readonly string[];
  /** Those that are asked of the control clients too. */
  readonly controlled: readonly Check[];
  readonly budgets: readonly ResolvedBudget[];
  readonly scenarios: readonly PlannedScenario[];
  /** The longest quiet window and the sum of the busy ones, in milliseconds (DESIGN section 5). */
  readonly quietMs: number;
  readonly busyMs: number;
  /** How long no busy scenario may run. */
  readonly timingMs: number;
}

export function makePlan(target: Target, options: RunOptions, catalog: Catalog): Plan {
  if (!catalog.protocols.includes(target.protocol)) {
    const known = catalog.protocols.join(', ');
    throw new HarnessError('UNKNOWN_PROTOCOL', `no suite for protocol "${target.protocol}": use one of ${known}`);
  }
  refuseUnknownChecks(target, catalog);
  const asked = catalog.checks
    .filter((check) => check.id.startsWith(`${target.protocol}/`))
    .filter((check, _, all) => !hasTwin(check, all, target));
  const isWanted = ({ id }: Check) => options.only.length === 0 || options.only.includes(id);
  const planned = asked.filter(isWanted).map((check): Planned => {
    const skip = skipReason(check.id, target, options) ?? roleReason(check.role, target) ?? check.unless?.(target);
    const scenario = catalog.scenarios.find(({ id }) => id === check.scenario);
    const why =
      skip ?? scenario?.unless?.(target, options) ?? (scenario ? ownServerReason(scenario, target) : undefined);
    const disturbs = (scenario?.faults.length ?? 0) > 0;
    return why === undefined ? { check, disturbs } : { check, skip: why };
  });
  // What was done by hand is judged by what it shows, whatever was planned.
  const wanted = target.replay
    ? new Set([SESSION])
    : new Set(planned.filter(({ skip }) => skip === undefined).map(({ check }) => check.scenario));
  const scenarios = catalog.scenarios
    .filter((scenario) => wanted.has(scenario.recordsAs ?? scenario.id))
    // A companion adds to what another scenario shows; where it does not apply, that one stands alone.
    .filter((scenario) => scenario.recordsAs === undefined || scenario.unless?.(target, options) === undefined)
    .map((scenario) => ({ scenario, windowMs: (target.replay?.lengthMs ?? scenario.windowMs) * options.scale }));
  const of = (lane: string) =>
    scenarios.filter(({ scenario }) => scenario.lane === lane).map(({ windowMs }) => windowMs);
  return {
    target,
    options,
    planned,
    mustLeftOut: asked
      .filter(({ level, role }) => level === 'MUST' && roleReason(role, target) === undefined)
      .filter((check) => !isWanted(check) || skipReason(check.id, target, options) !== undefined)
      .map(({ id }) => id),
    controlled: asked.filter(({ controls }) => controls !== undefined),
    budgets: resolvedBudgets(target, catalog.checks),
    scenarios,
    quietMs: Math.max(0, ...of('quiet')),
    busyMs: of('busy').reduce((sum, ms) => sum + ms, 0),
    timingMs: options.scale * Math.max(0, ...scenarios.map(({ scenario }) => scenario.timingMs ?? 0)),
  };
}

function skipReason(id: string, target: Target, options: RunOptions): string | undefined {
  if (options.skip.includes(id)) return 'skipped by --skip';
  return target.severity[id] === 'off' ? 'severity is off in the config' : undefined;
}

/** Of two checks with one id, only the one whose role the target has; of a system's both. */
function hasTwin(check: Check, all: readonly Check[], target: Target): boolean {
  const has = (role: Check['role']) => target[role] !== undefined;
  return !has(check.role) && all.some(({ id, role }) => id === check.id && role !== check.role && has(role));
}

function roleReason(role: 'client' | 'server', target: Target): string | undefined {
  if (role === 'server' && !target.server) return 'needs --server or a URL: this target is a client';
  if (role === 'client' && !target.client) return 'needs --client: this target is a server';
  return undefined;
}

function ownServerReason(scenario: Scenario, target: Target): string | undefined {
  return scenario.ownServer && target.server?.command === undefined
    ? 'needs --server CMD: a server that Holdfast did not start is not stopped or disturbed'
    : undefined;
}

/** What a config says of a check that does not exist would be ignored in silence. */
function refuseUnknownChecks(target: Target, catalog: Catalog): void {
  const known = new Map(catalog.checks.map((check) => [check.id, check]));
  for (const { check } of target.known) {
    const own = [...known.keys()].filter((id) => id.startsWith(`${target.protocol}/`));
    if (!own.includes(check))
      throw new HarnessError(
        'UNKNOWN_CHECK',
        `the config waives "${check}", which is no check of ${target.protocol}${didYouMean(check, own)}`,
      );
  }
  for (const id of [...Object.keys(target.severity), ...Object.keys(target.expect)]) {
    if (!known.has(id))
      throw new HarnessError('UNKNOWN_CHECK', `the config speaks of a check "${id}", which does not exist`);
  }
  for (const [id, thresholds] of Object.entries(target.expect)) {
    const names = Object.keys(known.get(id)?.expect ?? {});
    for (const name of Object.keys(thresholds)) {
      if (names.includes(name)) continue;
      throw new HarnessError(
        'UNKNOWN_THRESHOLD',
        `check ${id} has no threshold "${name}"; it has ${names.join(', ') || 'none'}`,
      );
    }
  }
}
