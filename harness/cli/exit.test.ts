import type { GateLevel } from '../config-schema.js';
import type { Level, Outcome } from '../contract.js';
import { aRun, aVerdict } from '../reporters/a-run.js';
import { exitCodeOf, exitSentence } from './exit.js';

type Row = [string, [Level, Outcome][], GateLevel | undefined, boolean, number];

test.each<Row>([
  ['everything passes', [['MUST', 'pass']], undefined, false, 0],
  [
    'a MUST fails',
    [
      ['MUST', 'fail'],
      ['MUST', 'inconclusive'],
    ],
    undefined,
    false,
    1,
  ],
  [
    'a MUST is inconclusive',
    [
      ['MUST', 'inconclusive'],
      ['MUST', 'pass'],
    ],
    undefined,
    false,
    2,
  ],
  [
    'a SHOULD fails, and is not gated',
    [
      ['SHOULD', 'fail'],
      ['MUST', 'pass'],
    ],
    undefined,
    false,
    0,
  ],
  [
    'a SHOULD fails, and is gated',
    [
      ['SHOULD', 'fail'],
      ['MUST', 'pass'],
    ],
    'SHOULD',
    false,
    1,
  ],
  [
    'a SHOULD is inconclusive, and is gated',
    [
      ['SHOULD', 'inconclusive'],
      ['MUST', 'pass'],
    ],
    'SHOULD',
    false,
    2,
  ],
  [
    'a MAY fails',
    [
      ['MAY', 'fail'],
      ['MUST', 'pass'],
    ],
    'SHOULD',
    false,
    0,
  ],
  [
    'a MUST is skipped',
    [
      ['MUST', 'skipped'],
      ['MUST', 'pass'],
    ],
    undefined,
    false,
    0,
  ],
  [
    'a MUST is skipped, strictly',
    [
      ['MUST', 'skipped'],
      ['MUST', 'pass'],
    ],
    undefined,
    true,
    2,
  ],
  [
    'a failure weighs more than a strict skip',
    [
      ['MUST', 'skipped'],
      ['MUST', 'fail'],
    ],
    undefined,
    true,
    1,
  ],
  [
    'grade C where C is allowed',
    [
      ['MUST', 'fail'],
      ['MUST', 'pass'],
    ],
    'C',
    false,
    0,
  ],
  [
    'grade C where B is asked',
    [
      ['MUST', 'fail'],
      ['MUST', 'pass'],
    ],
    'B',
    false,
    1,
  ],
  ['grade A+ where A is asked', [['MUST', 'pass']], 'A', false, 0],
  [
    'grade A+ where A+ is asked, strictly, with a skip',
    [
      ['MUST', 'pass'],
      ['MUST', 'skipped'],
    ],
    'A+',
    true,
    2,
  ],
  [
    'no grade where one is asked',
    [
      ['MUST', 'inconclusive'],
      ['MUST', 'fail'],
    ],
    'D',
    false,
    2,
  ],
])('%s', (_, outcomes, gate, strict, code) => {
  const run = aRun(
    outcomes.map(([level, outcome], index) => aVerdict({ check: `websocket/c${index}`, level, outcome })),
  );
  expect(exitCodeOf(run, { gate, strict })).toBe(code);
});

test('a waived failure is gated neither by its level nor by its part in the grade', () => {
  const run = aRun([
    aVerdict({ outcome: 'fail', waived: 'known since 1.2' }),
    aVerdict({ check: 'websocket/idle-cut' }),
  ]);
  expect(run.summary).toMatchObject({ grade: 'C', waived: 1 });
  expect([exitCodeOf(run, {}), exitCodeOf(run, { gate: 'A' })]).toEqual([0, 0]);
});

describe('the severity of the config', () => {
  const run = (severity: 'warn' | 'error', level: Level, outcome: Outcome) => {
    const made = aRun([aVerdict({ level, outcome }), aVerdict({ check: 'websocket/other' })]);
    return { ...made, target: { ...made.target, severity: { 'websocket/no-heartbeat': severity } } };
  };

  test('warn takes a check out of the gate', () => {
    expect(exitCodeOf(run('warn', 'MUST', 'fail'), {})).toBe(0);
    expect(exitCodeOf(run('warn', 'SHOULD', 'inconclusive'), { gate: 'SHOULD' })).toBe(0);
  });

  test('error gates a check whatever its level and whatever the gate', () => {
    expect(exitCodeOf(run('error', 'MAY', 'fail'), {})).toBe(1);
    expect(exitCodeOf(run('error', 'SHOULD', 'inconclusive'), {})).toBe(2);
    expect(exitCodeOf(run('error', 'SHOULD', 'fail'), { gate: 'B' })).toBe(1);
    expect(exitCodeOf(run('error', 'SHOULD', 'pass'), { gate: 'A+' })).toBe(0);
  });
});

test.each(['passes', 'expired'] as const)(
  'a waiver that %s fails the gate, whatever the level of its check',
  (state) => {
    const waiver = { check: 'websocket/cross-origin', reason: 'r', until: '2027-01-01', state };
    const run = aRun([aVerdict({ level: 'SHOULD' })], { waivers: [waiver] });
    expect(exitCodeOf(run, {})).toBe(1);
    expect(exitSentence(run, {})).toBe('exit code 1: a waiver no longer holds\n');
  },
);

describe('budgets', () => {
  const run = (outcome: 'pass' | 'fail' | 'inconclusive', failing: Outcome = 'pass') => ({
    ...aRun([aVerdict({ outcome: failing })]),
    budgets: [{ budget: 'x <= 1', check: 'websocket/x', role: 'server', outcome, actual: '2', value: null } as const],
  });

  test('are gated under every gate: not kept is 1, not measured is 2', () => {
    expect(exitCodeOf(run('pass'), {})).toBe(0);
    expect(exitCodeOf(run('fail'), { gate: 'D' })).toBe(1);
    expect(exitCodeOf(run('inconclusive'), { gate: 'A' })).toBe(2);
    expect(exitCodeOf(run('inconclusive', 'fail'), {})).toBe(1);
  });

  test('are named in the last line', () => {
    expect(exitSentence(run('fail'), {})).toBe('exit code 1: the budget "x <= 1" is not met\n');
    expect(exitSentence(run('fail', 'fail'), {})).toBe(
      'exit code 1: --gate MUST and the budget "x <= 1" are not met\n',
    );
    expect(exitSentence(run('inconclusive', 'fail'), {})).toBe('exit code 1: --gate MUST is not met\n');
    expect(exitSentence(run('inconclusive'), {})).toBe('exit code 2: the budget "x <= 1" is not decided\n');
    expect(exitSentence(run('pass'), {})).toBe('');
  });
});
