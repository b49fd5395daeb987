import type { Level, Outcome, Run } from './contract.js';

/** How a verdict, or a budget, stands in two runs. */
export type Kind =
  /** It passed and fails now: a regression. */
  | 'worse'
  /** It failed and passes now. */
  | 'better'
  /** It passed and cannot be decided now, or could not be decided and fails now: whether that is a regression is not known. */
  | 'doubtful'
  /** One of both could not decide it, and nothing speaks for a regression. */
  | 'unclear'
  /** Asked in one of both only: another scope, other declarations, another version. */
  | 'asked'
  | 'same';

export interface Change {
  readonly name: string;
  readonly level: Level | 'budget';
  readonly kind: Kind;
  readonly before: Outcome | null;
  readonly after: Outcome | null;
  /** What the later run says; the earlier one where it was asked there alone. */
  readonly actual: string;
  /** Taken out of the gate by the config of the later run. */
  readonly tolerated: boolean;
}

export interface MovedNumber {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

export interface Comparison {
  readonly changes: readonly Change[];
  readonly numbers: readonly MovedNumber[];
  /** Verdicts that both runs decided. */
  readonly decided: number;
  /** The server ended by itself, and did not before. */
  readonly crashes: boolean;
  readonly differences: readonly string[];
}

/** A number that moved by less is taken for the same; of times and bytes also what is too little to be felt. */
const MOVED_SHARE = 0.25;
const LEAST: readonly (readonly [RegExp, number])[] = [
  [/Ms$/, 100],
  [/Bytes$/, 1024 * 1024],
];

export function compareRuns(before: Run, after: Run): Comparison {
  const earlier = stands(before);
  const later = stands(after);
  const changes = [...new Set([...earlier.keys(), ...later.keys()])].map((key) =>
    changeOf(earlier.get(key), later.get(key)),
  );
  return {
    changes: changes.flatMap((change) => change ?? []),
    numbers: [...later].flatMap(([key, one]) => movedNumbers(earlier.get(key), one)),
    decided: [...later].filter(([key, one]) => isDecided(earlier.get(key)) && isDecided(one)).length,
    crashes: after.summary.crashed && !before.summary.crashed,
    differences: differencesOf(before, after),
  };
}

/** Exit codes of `--gate no-regressions`, as those of a check: 1 a regression, 2 something that may be one, or nothing in common. */
export function hasRegressed({ changes, crashes, decided }: Comparison): 'yes' | 'no' | 'unknown' {
  const gated = changes.filter(({ tolerated }) => !tolerated);
  if (crashes || gated.some(({ kind }) => kind === 'worse')) return 'yes';
  return decided === 0 || gated.some(({ kind }) => kind === 'doubtful') ? 'unknown' : 'no';
}

interface Stand {
  readonly name: string;
  readonly level: Level | 'budget';
  readonly outcome: Outcome;
  readonly actual: string;
  readonly measured: Readonly<Record<string, unknown>>;
  readonly tolerated: boolean;
}

function stands({ verdicts, budgets = [], target }: Run): ReadonlyMap<string, Stand> {
  const twins = new Set(verdicts.filter(({ role }) => role === 'client').map(({ check }) => check));
  const nameOf = (check: string, role: string) =>
    twins.has(check) && role === 'server' ? `${check} (${role})` : check;
  return new Map([
    ...verdicts.map((verdict): [string, Stand] => {
      const { check, role, level, outcome, actual, reason, measured, waived } = verdict;
      const tolerated = waived !== null || target.severity[check] === 'warn' || target.severity[check] === 'off';
      const said = outcome === 'pass' || outcome === 'fail' ? actual : (reason ?? actual);
      return [`${check} ${role}`, { name: nameOf(check, role), level, outcome, actual: said, measured, tolerated }];
    }),
    ...budgets.map(({ budget, check, role, outcome, actual }): [string, Stand] => [
      `${budget} of ${check} ${role}`,
      { name: budget, level: 'budget', outcome, actual, measured: {}, tolerated: false },
    ]),
  ]);
}

function changeOf(before: Stand | undefined, after: Stand | undefined): Change | undefined {
  const shown = after ?? before;
  if (!shown) return undefined;
  const { name, level, actual } = shown;
  return {
    name,
    level,
    kind: kindOf(before?.outcome ?? null, after?.outcome ?? null),
    before: before?.outcome ?? null,
    after: after?.outcome ?? null,
    actual,
    tolerated: after?.tolerated ?? false,
  };
}

function kindOf(before: Outcome | null, after: Outcome | null): Kind {
  if (before === after) return 'same';
  const asked = (outcome: Outcome | null) => outcome !== null && outcome !== 'skipped';
  if (!asked(before) && !asked(after)) return 'same';
  if (!asked(before) || !asked(after)) return 'asked';
  if (before === 'pass') return after === 'fail' ? 'worse' : 'doubtful';
  if (after === 'fail') return 'doubtful';
  return before === 'fail' && after === 'pass' ? 'better' : 'unclear';
}

function isDecided(one: Stand | undefined): boolean {
  return one?.outcome === 'pass' || one?.outcome === 'fail';
}

function movedNumbers(before: Stand | undefined, after: Stand): MovedNumber[] {
  if (!before || !isDecided(before) || !isDecided(after)) return [];
  return Object.entries(after.measured).flatMap(([name, value]) => {
    const old = before.measured[name];
    if (typeof value !== 'number' || typeof old !== 'number') return [];
    const least = LEAST.find(([pattern]) => pattern.test(name))?.[1] ?? 0;
    const moved = Math.abs(value - old);
    const isMoved = moved > least && moved > MOVED_SHARE * Math.max(Math.abs(old), Math.abs(value));
    return isMoved ? [{ name: `${after.name} ${name}`, before: old, after: value }] : [];
  });
}

/** What makes two runs hard to compare, in words. */
function differencesOf(before: Run, after: Run): string[] {
  const told = (what: string, a: unknown, b: unknown) =>
    a === b ? [] : [`${what} ${String(a ?? 'none')} and ${String(b ?? 'none')}`];
  return [
    ...told('target', before.target.name, after.target.name),
    ...told('version', before.version, after.version),
    ...(['scale', 'copies', 'clients', 'long', 'idleS'] as const).flatMap((name) =>
      told(name, before.options[name], after.options[name]),
    ),
    ...told('engine', before.engine.kind, after.engine.kind),
  ];
}
