import { combinedBudgets, judgeBudgets, parseBudget, resolvedBudgets } from './budget.js';
import { loadCatalog } from './catalog.js';
import type { BudgetOutcome, HistoryEvent, Verdict } from './contract.js';
import { aRun, aVerdict } from './reporters/a-run.js';

const { checks } = loadCatalog();
const { target } = aRun([]);
const server = {
  command: 'x',
  stopSignal: 'SIGTERM',
  graceMs: 1,
  serialCopies: false,
  quietEnv: {},
  pressureEnv: {},
} as const;
const client = { command: 'y', pressureEnv: {} };

function judged(budget: string, verdicts: readonly Verdict[], events: readonly HistoryEvent[] = []): BudgetOutcome[] {
  const histories = new Map([['storm', events]]);
  return judgeBudgets(resolvedBudgets({ ...target, server, client, budgets: [budget] }, checks), verdicts, histories);
}

function outcome(budget: string, verdict: Partial<Verdict>, events?: readonly HistoryEvent[]): string {
  const [one] = judged(budget, [aVerdict(verdict)], events);
  return `${one?.outcome}: ${one?.actual}`;
}

describe('a budget', () => {
  test.each([
    ['longestSilenceMs <= 30000', { name: 'longestSilenceMs', operator: '<=', limit: 30_000 }],
    [
      'no-reconnect reconnectMs p95 <= 3000',
      { check: 'no-reconnect', name: 'reconnectMs', statistic: 'p95', limit: 3000 },
    ],
    [
      'storm-collapse "served 1" p99.5<2.5',
      { check: 'storm-collapse', name: 'served 1', statistic: 'p99.5', limit: 2.5 },
    ],
    ['sse/no-replay lost max > -1', { check: 'sse/no-replay', name: 'lost', statistic: 'max', operator: '>' }],
  ])('has the form "check number statistic <= limit": %s', (text, parts) => {
    expect(parseBudget(text)).toMatchObject(parts);
  });

  test.each(['', '<= 3', 'reconnectMs', 'reconnectMs <= fast', 'reconnectMs <= 3 s', 'reconnectMs == 3'])(
    'is none without number, operator and limit: %j',
    (text) => expect(parseBudget(text)).toBeUndefined(),
  );

  it('is kept or not by the number that a check reported', () => {
    expect(outcome('longestSilenceMs <= 30000', {})).toBe('pass: 25012');
    expect(outcome('longestSilenceMs < 25012', {})).toBe('fail: 25012');
    expect(outcome('websocket/no-heartbeat longestSilenceMs >= 1', { outcome: 'fail' })).toBe('pass: 25012');
  });

  it('takes the statistic of a list, and of samples in the history of the scenario', () => {
    const list = { check: 'websocket/no-reconnect', role: 'client', measured: { reconnectMs: [1, 2, 3, 9] } } as const;
    expect(outcome('no-reconnect reconnectMs p95 <= 8', list)).toBe('fail: 9 (of 4)');
    expect(outcome('no-reconnect reconnectMs mean <= 8', list)).toBe('pass: 3.75 (of 4)');
    expect(outcome('no-reconnect reconnectMs <= 8', list)).toMatch(/^inconclusive: reconnectMs is a list: say which/);
    const samples = {
      type: 'samples',
      name: 'served 1',
      unit: 'ms',
      values: [5, 7],
      seq: 1,
      t: 0,
      scenario: 'storm',
    } as const;
    const storm = { check: 'websocket/storm-collapse', scenario: 'storm', measured: {} };
    expect(outcome('storm-collapse served 1 p50 <= 5', storm, [samples])).toBe('pass: 5 (of 2)');
    expect(outcome('storm-collapse served 9 p50 <= 5', storm, [samples])).toMatch(
      /^inconclusive: not measured: the scenario storm left no samples "served 9" \(it left served 1\)/,
    );
  });

  test.each<[string, Partial<Verdict>, RegExp]>([
    ['the check was skipped', { outcome: 'skipped', reason: 'needs --x' }, /skipped \(needs --x\)/],
    ['the check is inconclusive', { outcome: 'inconclusive', reason: 'starved' }, /not certain: .*\(starved\)/],
    ['it never came to it', { outcome: 'fail', measured: { longestSilenceMs: null } }, /longestSilenceMs is null/],
    ['the check was left out', { check: 'websocket/other' }, /left out of this run/],
    ['it is no number', { measured: { longestSilenceMs: 'long' } }, /longestSilenceMs is long/],
  ])('is never kept where there is no number: %s', (_, verdict, why) => {
    expect(outcome('longestSilenceMs <= 30000', verdict)).toMatch(/^inconclusive: /);
    expect(outcome('longestSilenceMs <= 30000', verdict)).toMatch(why);
  });

  it('is not kept where some of a list are no numbers', () => {
    const list = { check: 'websocket/no-reconnect', role: 'client', measured: { reconnectMs: [1, 'never'] } } as const;
    expect(outcome('no-reconnect reconnectMs max <= 8', list)).toBe(
      'inconclusive: not measured: 1 of 2 are no numbers',
    );
  });

  it('of a check that server and client have speaks of both', () => {
    const verdicts = (['server', 'client'] as const).map((role) =>
      aVerdict({ check: 'websocket/drops-on-spike', role, measured: { rttMaxMs: role === 'server' ? 1 : 9 } }),
    );
    expect(judged('drops-on-spike rttMaxMs <= 5', verdicts).map(({ role, outcome }) => [role, outcome])).toEqual([
      ['client', 'fail'],
      ['server', 'pass'],
    ]);
  });

  it('of several runs is what all of them say, and inconclusive where they disagree', () => {
    const facts = { budget: 'x <= 1', check: 'websocket/x', role: 'server', value: 1 } as const;
    const run = (outcome: BudgetOutcome['outcome']) => ({ budgets: [{ ...facts, outcome, actual: outcome }] });
    const said = (...outcomes: BudgetOutcome['outcome'][]) =>
      combinedBudgets(outcomes.map(run)).map(({ outcome, actual }) => `${outcome}: ${actual}`)[0];
    expect(said('pass', 'pass')).toBe('pass: pass in 2 of 2 runs: pass');
    expect(said('pass', 'inconclusive', 'pass')).toBe('inconclusive: inconclusive in 1 of 3 runs: inconclusive');
    expect(said('pass', 'fail')).toBe('inconclusive: fail in 1 of 2 runs: fail');
    expect(said('fail', 'fail')).toBe('fail: fail in 2 of 2 runs: fail');
    expect(combinedBudgets([{ budgets: [] }, { budgets: [] }])).toEqual([]);
  });

  test.each([
    ['longestSilence <= 3', /there is no number "longestSilence" \(did you mean longestSilenceMs\?\)/],
    ['no-hartbeat longestSilenceMs <= 3', /has no check "no-hartbeat" \(did you mean websocket\/no-heartbeat\?\)/],
    ['no-heartbeat silenceMs <= 3', /no-heartbeat has longestSilenceMs/],
    ['lost <= 0', /"lost" is a number of websocket\/.*: say which/],
    ['sse/no-heartbeat longestSilenceMs <= 3', /has no check "sse\/no-heartbeat"/],
  ])('of a number that nobody has, or several, is refused: %s', (budget, message) => {
    expect(() => judged(budget, [])).toThrow(message);
  });
});
