import { didYouMean } from './cli/nearest.js';
import type { BudgetOutcome, Check, Run, Target, Verdict } from './contract.js';
import { HarnessError } from './errors.js';
import { type Histories, viewOf } from './history.js';
import { mean, median, percentile } from './numbers.js';

/** `no-reconnect reconnectMs p95 <= 3000`: a check's number, or samples of its scenario, held against a limit. */
export interface Budget {
  readonly text: string;
  /** May be left out where one check alone has that number. */
  readonly check?: string;
  readonly name: string;
  readonly statistic?: string;
  readonly operator: '<=' | '<' | '>=' | '>';
  readonly limit: number;
}

const FORM = /^(?<subject>.*?)\s*(?<operator><=|>=|<|>)\s*(?<limit>-?\d+(?:\.\d+)?)$/;
const STATISTIC = /^(?:p(?:\d{1,2}(?:\.\d+)?|100)|min|max|mean|median|count)$/;

/** Undefined where it has not that form. Whether there is such a number is `resolved`'s to say. */
export function parseBudget(text: string): Budget | undefined {
  const { subject = '', operator, limit } = FORM.exec(text.trim())?.groups ?? {};
  const words = subject.split(/[\s"]+/).filter(Boolean);
  const last = words.at(-1);
  const statistic = last !== undefined && words.length > 1 && STATISTIC.test(last) ? words.pop() : undefined;
  // A check's id has a hyphen or a slash; no measured number has.
  const check = words.length > 1 && /[-/]/.test(words[0] ?? '') ? words.shift() : undefined;
  if (words.length === 0 || !isOperator(operator)) return undefined;
  return {
    text: text.trim(),
    name: words.join(' '),
    operator,
    limit: Number(limit),
    ...(check === undefined ? {} : { check }),
    ...(statistic === undefined ? {} : { statistic }),
  };
}

function isOperator(text: string | undefined): text is Budget['operator'] {
  return text === '<=' || text === '<' || text === '>=' || text === '>';
}

export interface ResolvedBudget {
  readonly budget: Budget;
  readonly checks: readonly Check[];
}

/** A target's budgets, each with the checks that it speaks of; one of a number that nobody has is refused before the run. */
export function resolvedBudgets(target: Target, checks: readonly Check[]): ResolvedBudget[] {
  const asked = checks.filter(({ id, role }) => id.startsWith(`${target.protocol}/`) && target[role] !== undefined);
  return (target.budgets ?? []).map((text) => {
    const refuse = (why: string) => new HarnessError('UNKNOWN_BUDGET', `the budget "${text}": ${why}`);
    const budget = parseBudget(text);
    if (budget === undefined) throw refuse('write "check number <= limit", as "no-reconnect rstMs <= 3000"');
    const { check, name, statistic } = budget;
    const named = check === undefined ? asked : asked.filter(({ id }) => id === check || id.split('/')[1] === check);
    if (named.length === 0) {
      const ids = asked.map(({ id }) => id);
      throw refuse(`this target has no check "${check}"${didYouMean(`${target.protocol}/${check}`, ids)}`);
    }
    const having = named.filter(({ measured }) => name in measured);
    const ids = new Set(having.map(({ id }) => id));
    if (ids.size > 1)
      throw refuse(`"${name}" is a number of ${[...ids].join(', ')}: say which, as "${[...ids][0]} ${text}"`);
    if (having.length > 0) return { budget, checks: having };
    // Samples have no list of their names before the run.
    if (check !== undefined && statistic !== undefined) return { budget, checks: named };
    const names = named.flatMap(({ measured }) => Object.keys(measured));
    const has = check === undefined ? '' : `; ${check} has ${names.join(', ')}`;
    throw refuse(`there is no number "${name}"${didYouMean(name, names)}${has}`);
  });
}

/** What could not be measured is inconclusive, never kept. */
export function judgeBudgets(
  resolved: readonly ResolvedBudget[],
  verdicts: readonly Verdict[],
  histories: Histories,
): BudgetOutcome[] {
  return resolved.flatMap(({ budget, checks }) =>
    checks.map(({ id, role }): BudgetOutcome => {
      const verdict = verdicts.find((one) => one.check === id && one.role === role);
      const found = numberOf(budget, verdict, histories);
      const facts = { budget: budget.text, check: id, role };
      if (typeof found === 'string') return { ...facts, outcome: 'inconclusive', actual: found, value: null };
      const kept = holds(found.value, budget);
      return { ...facts, outcome: kept ? 'pass' : 'fail', actual: found.said, value: found.value };
    }),
  );
}

const WORST_FIRST = ['fail', 'inconclusive', 'pass'] as const;

/** Of several runs: what they disagree on is inconclusive, and told by the worst of them. */
export function combinedBudgets(runs: readonly Pick<Run, 'budgets'>[]): BudgetOutcome[] {
  const [first, ...others] = runs.map(({ budgets }) => budgets);
  return (first ?? []).map((one, index) => {
    const all = [one, ...others.flatMap((budgets) => budgets[index] ?? [])];
    const worst = WORST_FIRST.map((outcome) => all.find((other) => other.outcome === outcome)).find(Boolean) ?? one;
    const same = all.filter(({ outcome }) => outcome === worst.outcome).length;
    const actual = `${worst.outcome} in ${same} of ${all.length} runs: ${worst.actual}`;
    return { ...worst, outcome: same === all.length ? worst.outcome : 'inconclusive', actual };
  });
}

/** The number, or why there is none. */
function numberOf(
  { name, statistic }: Budget,
  verdict: Verdict | undefined,
  histories: Histories,
): { value: number; said: string } | string {
  if (!verdict) return 'not measured: the check was left out of this run';
  const { outcome, reason, actual, measured, scenario } = verdict;
  if (outcome === 'skipped') return `not measured: the check was skipped (${reason ?? 'no reason given'})`;
  if (outcome === 'inconclusive') return `not certain: the check is inconclusive (${reason ?? actual})`;
  if (name in measured) {
    const value = measured[name];
    if (Array.isArray(value)) return ofList(value, statistic, `${name} is a list`);
    if (typeof value !== 'number' || !Number.isFinite(value))
      return `not measured: ${name} is ${String(value)} (${actual})`;
    return statistic === undefined ? { value, said: `${value}` } : `${name} is one number, with no ${statistic}`;
  }
  const view = viewOf(histories.get(scenario) ?? []);
  const samples = view.samples(name);
  if (samples.length > 0) return ofList(samples, statistic, `"${name}" are samples`);
  const names = [...new Set(view.of('samples').map((event) => event.name))];
  return `not measured: the scenario ${scenario} left no samples "${name}" (it left ${names.join(', ') || 'none'})`;
}

function ofList(
  list: readonly unknown[],
  statistic: string | undefined,
  what: string,
): { value: number; said: string } | string {
  if (statistic === undefined) return `${what}: say which of it, as p95, max, mean or count`;
  const numbers = list.filter((value) => typeof value === 'number' && Number.isFinite(value)) as number[];
  if (numbers.length < list.length)
    return `not measured: ${list.length - numbers.length} of ${list.length} are no numbers`;
  if (numbers.length === 0 && statistic !== 'count') return 'not measured: the list is empty';
  const value = Math.round(statisticOf(numbers, statistic) * 1000) / 1000;
  return { value, said: `${value} (of ${numbers.length})` };
}

function statisticOf(numbers: readonly number[], statistic: string): number {
  switch (statistic) {
    case 'count':
      return numbers.length;
    case 'min':
      return percentile(numbers, 0);
    case 'max':
      return percentile(numbers, 100);
    case 'mean':
      return mean(numbers);
    case 'median':
      return median(numbers);
    default:
      return percentile(numbers, Number(statistic.slice(1)));
  }
}

function holds(value: number, { operator, limit }: Budget): boolean {
  switch (operator) {
    case '<=':
      return value <= limit;
    case '<':
      return value < limit;
    case '>=':
      return value >= limit;
    case '>':
      return value > limit;
  }
}
