import type { Check, EventBodyAt } from './contract.js';
import { FLOODED, NOT_ALL_KEPT, RunLimit, ScenarioLimit } from './event-limit.js';
import { fail, pass } from './finding.js';
import { judge } from './judge.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from './story.js';

const message = {
  ...({ type: 'message', gate: 'g', conn: 1, dir: 'down', opcode: 'text', bytes: 1, hash: '' } as const),
} as const;
const limited = (code: string): EventBodyAt => [5, { type: 'obstacle', code, text: 'too much' }];
const story = (code: string): EventBodyAt[] => [
  [0, { type: 'phase', phase: 'baseline' }],
  [1, { type: 'connection', gate: 'g', conn: 1, what: 'start' }],
  [2, message],
  limited(code),
  [9, { type: 'phase', phase: 'done' }],
];

function outcomeOf(code: string, judged: Check['judge']): string | undefined {
  const check = { id: 'w/a', level: 'MUST', antiPattern: null, role: 'server', scenario: 's', title: 'MUST' } as const;
  const more = {
    why: '',
    fix: '',
    source: '',
    measured: {},
    expect: {},
    judge: judged,
    examples: { pass: [], fail: [] },
  };
  const events = new Map([['s', tell(story(code))]]);
  return judge([{ check: { ...check, ...more } }], events, STORY_TARGET, STORY_OPTIONS)[0]?.outcome;
}

describe('what a target sends without an end', () => {
  it('is kept up to a number of events in a scenario, and the rest is said to be missing', () => {
    const limit = new ScenarioLimit();
    const kept = Array.from({ length: 200_000 }, () => limit.take(message)).flat();
    expect(kept).toHaveLength(150_001);
    expect(kept.at(-1)).toMatchObject({ type: 'obstacle', code: NOT_ALL_KEPT });
    expect(limit.take({ type: 'phase', phase: 'done' })).toHaveLength(1);
  });

  it('is kept up to a number of events in a run', () => {
    const limit = new RunLimit();
    const kept = Array.from({ length: 900_000 }, (_, i) => limit.take(i % 2 === 0 ? 'a' : 'b', message)).flat();
    expect(kept).toHaveLength(800_002);
  });

  it('is kept up to fewer once a scenario of it was too many', () => {
    const limit = new RunLimit();
    limit.take('c', { type: 'obstacle', code: NOT_ALL_KEPT, text: '' });
    const kept = Array.from({ length: 500_000 }, () => limit.take('a', message)).flat();
    expect(kept).toHaveLength(400_001);
  });

  it('is a flood where it makes our own clock late, and only there', () => {
    const limit = new ScenarioLimit();
    for (let i = 0; i < 6000; i++) limit.take(message);
    expect(limit.tick(100, 0.5)).toEqual([]);
    for (let i = 0; i < 6000; i++) limit.take(message);
    expect(limit.tick(700, 0.5)).toMatchObject([{ type: 'obstacle', code: FLOODED }]);
    expect(limit.take(message)).toEqual([]);
  });

  it('is a flood where it leaves our loop no rest for two seconds, also when no more is kept', () => {
    const limit = new ScenarioLimit();
    const second = (count: number, busy: number) => {
      for (let i = 0; i < count; i++) limit.take(message);
      return limit.tick(0, busy);
    };
    expect([second(160_000, 1), second(6000, 0.8), second(6000, 1)].flat()).toEqual([]);
    expect(second(6000, 1)).toMatchObject([{ type: 'obstacle', code: FLOODED }]);
    expect(second(6000, 1)).toEqual([]);
  });
});

describe('a verdict of a scenario of which not all was kept', () => {
  it.each<[string, string, Check['judge']]>([
    ['inconclusive', 'that rests on messages', (history) => pass(`${history.of('message').length}`)],
    ['pass', 'that asks for none of them', (history) => pass(`${history.of('phase').length}`)],
    ['fail', 'that was seen to fail before', (history) => fail('', { because: history.of('connection') })],
    ['inconclusive', 'that fails by messages', (history) => fail('', { because: history.of('message') })],
  ])('is %s %s', (outcome, _, judged) => {
    expect(outcomeOf(NOT_ALL_KEPT, judged)).toBe(outcome);
  });

  it('is no failure where our own clock was late', () => {
    expect(outcomeOf(FLOODED, (history) => fail('', { because: history.of('connection') }))).toBe('inconclusive');
    expect(outcomeOf(FLOODED, (history) => pass(`${history.of('phase').length}`))).toBe('pass');
  });
});
