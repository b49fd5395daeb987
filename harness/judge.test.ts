import type { Check, EventBodyAt, Finding } from './contract.js';
import { fail, follows, inconclusive, pass } from './finding.js';
import { hasCrashed, judge, type Planned, summarize } from './judge.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from './story.js';

const EVENTS: EventBodyAt[] = [
  [0, { type: 'phase', phase: 'baseline' }],
  [9, { type: 'phase', phase: 'done' }],
];

function check(id: string, finding: () => Finding, more: Partial<Check> = {}): Check {
  return {
    id,
    level: 'MUST',
    antiPattern: null,
    role: 'server',
    scenario: 's',
    title: `MUST ${id}`,
    why: '',
    fix: '',
    source: '',
    measured: {},
    expect: {},
    judge: finding,
    examples: { pass: [], fail: [] },
    ...more,
  };
}

function outcomes(planned: Planned[], events: EventBodyAt[] = EVENTS) {
  return judge(planned, new Map([['s', tell(events)]]), STORY_TARGET, STORY_OPTIONS);
}

describe('the judge', () => {
  test('a check that throws is inconclusive', () => {
    const broken = check('w/a', () => {
      throw new Error('oops');
    });
    expect(outcomes([{ check: broken }])[0]).toMatchObject({
      outcome: 'inconclusive',
      reason: 'the check itself failed: oops',
    });
  });

  // "FAIL SHOULD, expected: MUST come back" is a riddle to who reads it.
  test('what is expected is of the level of the finding', () => {
    const mild = check('w/a', () => fail('only after error pages', { because: tell(EVENTS), level: 'SHOULD' }));
    expect(outcomes([{ check: mild }])[0]).toMatchObject({
      level: 'SHOULD',
      expected: 'SHOULD w/a',
      title: 'MUST w/a',
    });
  });

  test('a check without events is inconclusive', () => {
    expect(outcomes([{ check: check('w/a', () => pass('')) }], [])[0]?.outcome).toBe('inconclusive');
  });

  test('a server that ended by itself passes nothing', () => {
    const crash: EventBodyAt = [1, { type: 'process', process: 'server-1', what: 'crash', facts: { role: 'server' } }];
    expect(outcomes([{ check: check('w/a', () => pass('')) }], [...EVENTS, crash])[0]?.outcome).toBe('inconclusive');
  });

  test('what was answered for good before a server ended by itself stays answered', () => {
    const crash: EventBodyAt = [9, { type: 'process', process: 'server-1', what: 'crash', facts: { role: 'server' } }];
    const events = [...EVENTS, crash];
    const settledAt = (t: number) =>
      check('w/a', () => {
        const [event] = tell([[t, { type: 'measure', name: 'closed', facts: {} }]]);
        return pass('', event ? { settledBy: event } : {});
      });
    expect(outcomes([{ check: settledAt(8) }], events)[0]?.outcome).toBe('pass');
    expect(outcomes([{ check: settledAt(10) }], events)[0]?.outcome).toBe('inconclusive');
  });

  test('a crash explains a scenario that broke', () => {
    const events: EventBodyAt[] = [
      [1, { type: 'process', process: 'server-1', what: 'crash', code: 7, facts: { role: 'server' } }],
      [2, { type: 'obstacle', code: 'SCENARIO_BROKEN', text: 'session could not be opened' }],
    ];
    const [verdict] = outcomes([{ check: check('w/a', () => inconclusive('no ping could be sent')) }], events);
    expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('exit code 7') });
  });

  test('a crash gives F, which no inconclusive MUST hides', () => {
    const crash: EventBodyAt = [1, { type: 'process', process: 'server-1', what: 'crash', facts: { role: 'server' } }];
    const crashed = hasCrashed(new Map([['s', tell([...EVENTS, crash])]]));
    const verdicts = outcomes([{ check: check('w/a', () => pass('')) }], [...EVENTS, crash]);
    expect(summarize(verdicts, 1, ['server'], crashed)).toMatchObject({ crashed: true, grade: 'F', inconclusive: 1 });
    expect(hasCrashed(new Map([['s', tell(EVENTS)]]))).toBe(false);
  });

  test('of a client that left the path nothing is known, of the server behind it all that was', () => {
    const left: EventBodyAt = [1, { type: 'obstacle', code: 'LEFT_PATH', text: 'left the path to 127.0.0.1:9' }];
    const failing = () => fail('', { because: tell(EVENTS) });
    const verdicts = outcomes(
      [
        { check: check('w/a', () => pass(''), { role: 'client' }) },
        { check: check('w/b', failing, { role: 'client' }) },
        { check: check('w/c', failing) },
      ],
      [...EVENTS, left],
    );
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['inconclusive', 'inconclusive', 'fail']);
    expect(verdicts[0]?.reason).toBe('left the path to 127.0.0.1:9');
  });

  test('a scenario that broke gives no pass, but a failure that was seen stays', () => {
    const broken: EventBodyAt = [1, { type: 'obstacle', code: 'SCENARIO_BROKEN', text: 'broke' }];
    const [passing, failing] = outcomes(
      [{ check: check('w/a', () => pass('')) }, { check: check('w/b', () => fail('', { because: tell(EVENTS) })) }],
      [...EVENTS, broken],
    );
    expect([passing?.outcome, failing?.outcome]).toEqual(['inconclusive', 'fail']);
  });

  test('a scenario that broke before it disturbed anything shows no failure either', () => {
    const broken: EventBodyAt = [1, { type: 'obstacle', code: 'SCENARIO_BROKEN', text: 'broke' }];
    const fault: EventBodyAt = [0, { type: 'phase', phase: 'fault' }];
    const failing = { check: check('w/a', () => fail('', { because: tell(EVENTS) })), disturbs: true };
    expect(outcomes([failing], [...EVENTS, broken])[0]).toMatchObject({
      outcome: 'inconclusive',
      reason: 'before anything was disturbed, broke',
    });
    expect(outcomes([failing], [fault, ...EVENTS, broken])[0]?.outcome).toBe('fail');
  });

  test('a server that had ended every connection before anything was disturbed is not judged by what comes then', () => {
    const conn = { type: 'connection', gate: 'g', conn: 1 } as const;
    const end = { what: 'end', how: 'FIN', upBytes: 1, downBytes: 1 } as const;
    const fault: EventBodyAt = [5, { type: 'phase', phase: 'fault' }];
    const dead = (by: 'server' | 'client'): EventBodyAt[] => [
      [1, { ...conn, what: 'start' }],
      [2, { ...conn, ...end, by }],
      fault,
    ];
    const judged = (role: 'server' | 'client', events: EventBodyAt[]) =>
      outcomes([{ check: check('w/a', () => pass(''), { role }), disturbs: true }], [...events, ...EVENTS])[0];
    expect(judged('server', dead('server'))).toMatchObject({
      outcome: 'inconclusive',
      reason: 'it was broken before anything was disturbed: the server had ended the one connection',
      because: [2],
    });
    expect(judged('server', dead('client'))?.outcome).toBe('pass');
    expect(judged('client', dead('server'))?.outcome).toBe('pass');
    const left: EventBodyAt = [3, { ...conn, conn: 2, what: 'start' }];
    expect(judged('server', [left, ...dead('server')])?.outcome).toBe('pass');
    const said: EventBodyAt = [
      1,
      { type: 'message', gate: 'g', conn: 1, dir: 'up', opcode: 'close', bytes: 2, hash: '', closeCode: 1000 },
    ];
    expect(judged('server', [said, ...dead('server')])?.outcome).toBe('pass');
  });

  test('a history that was cut off gives neither a pass nor a failure: what is missing may have come later', () => {
    const cut = EVENTS.slice(0, 1);
    const companion: EventBodyAt = [9, { type: 'phase', phase: 'done', label: 'a companion of it' }];
    const verdicts = [pass(''), fail('', { because: tell(cut) })].flatMap((finding) => [
      ...outcomes([{ check: check('w/a', () => finding) }], cut),
      ...outcomes([{ check: check('w/a', () => finding) }], [...cut, companion]),
    ]);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 4 }, () => 'inconclusive'));
    expect(verdicts[0]?.reason).toBe('the scenario s was cut off before its end');
  });

  test('a number that the history does not hold decides nothing', () => {
    const unsure = () => pass('', { measured: { rttMs: Number.NaN, list: [1] } });
    expect(outcomes([{ check: check('w/a', unsure) }])[0]).toMatchObject({
      outcome: 'inconclusive',
      reason: 'not in the history: rttMs',
    });
  });

  test('a failure without evidence is inconclusive', () => {
    expect(outcomes([{ check: check('w/a', () => fail('', { because: [] })) }])[0]?.outcome).toBe('inconclusive');
  });

  test('what follows from a failure is skipped with its cause', () => {
    const cause = check('w/a', () => fail('', { because: tell(EVENTS) }));
    const effect = check('w/b', () => fail('', { because: tell(EVENTS) }), { needs: ['w/a'] });
    expect(outcomes([{ check: effect }, { check: cause }])[0]).toMatchObject({
      outcome: 'skipped',
      reason: 'follows from w/a',
    });
  });

  test('what would follow from a failure that there is not is inconclusive', () => {
    const effect = check('w/b', () => follows('a', 'it did not come back'));
    const beside = (cause: Finding) => outcomes([{ check: effect }, { check: check('w/a', () => cause) }])[0];
    expect(beside(pass(''))).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('w/a passes') });
    expect(beside(inconclusive(''))?.outcome).toBe('skipped');
    expect(outcomes([{ check: effect }])[0]?.outcome).toBe('skipped');
  });

  test('what fails only in a part of a lower level takes nothing with it', () => {
    const part = check('w/a', () => fail('', { because: tell(EVENTS), level: 'SHOULD' }));
    const other = check('w/b', () => pass(''), { needs: ['w/a'] });
    const [first, second] = outcomes([{ check: part }, { check: other }]);
    expect([first?.outcome, first?.level, second?.outcome]).toEqual(['fail', 'SHOULD', 'pass']);
  });

  test("a target's own threshold wins", () => {
    const target = { ...STORY_TARGET, expect: { 'w/a': { limit: 7 } } };
    const seen: number[] = [];
    const one = check('w/a', () => pass(''), {
      expect: { limit: 5 },
      judge: (_, { expect }) => {
        seen.push(expect.limit ?? 0);
        return pass('');
      },
    });
    judge([{ check: one }], new Map([['s', tell(EVENTS)]]), target, STORY_OPTIONS);
    expect(seen).toEqual([7]);
  });
});

describe('the grade', () => {
  const grade = (...list: [string, string][]) => {
    const verdicts = list.map(([level, outcome], i) => ({
      ...outcomes([{ check: check(`w/${i}`, () => pass('')) }])[0],
      level,
      outcome,
    }));
    return summarize(verdicts as never, 1, ['server']).grade;
  };

  test.each([
    [
      'A+',
      [
        ['MUST', 'pass'],
        ['SHOULD', 'pass'],
        ['MUST', 'skipped'],
      ],
    ],
    ['A', [['MUST', 'pass'], ...Array.from({ length: 9 }, () => ['SHOULD', 'pass']), ['SHOULD', 'fail']]],
    [
      'B',
      [
        ['MUST', 'pass'],
        ['SHOULD', 'fail'],
      ],
    ],
    [
      'C',
      [
        ['MUST', 'pass'],
        ['MUST', 'fail'],
      ],
    ],
    [
      'D',
      [
        ['MUST', 'fail'],
        ['MUST', 'fail'],
        ['MUST', 'fail'],
      ],
    ],
    ['F', Array.from({ length: 4 }, () => ['MUST', 'fail'])],
    [
      null,
      [
        ['MUST', 'pass'],
        ['MUST', 'inconclusive'],
      ],
    ],
  ] as [string | null, [string, string][]][])('is %s for %j', (expected, list) => {
    expect(grade(...list)).toBe(expected);
  });

  test('there is none under --scale', () => {
    const [verdict] = outcomes([{ check: check('w/a', () => pass('')) }]);
    expect(verdict && summarize([verdict], 0.1, ['server']).grade).toBeNull();
  });
});
