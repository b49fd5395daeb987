import type { EventBodyAt, Target } from '../../harness/contract.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';
import noReplay from './no-replay.js';
import noResume from './no-resume.js';
import silentGap from './silent-gap.js';

/** No id is presented: what is declared is how a snapshot is asked for. */
const REFETCHES: Target = { ...STORY_TARGET, resume: { in: 'message', text: '{"type":"snapshot"}' } };
const BACK_AT = 5010;

const message = (gate: string, fields: Readonly<Record<string, number>>, hash: string) =>
  ({ type: 'message', gate, conn: 1, dir: 'down', opcode: 'text', bytes: 9, hash, form: 'json', fields }) as const;

/** The witness sees 0..69; the victim is cut after 23, gets all from `first` to 50 in one message at `at`, and live ones after. */
function story(first: number, at: number): EventBodyAt[] {
  const numbered = (gate: string, n: number, t: number): EventBodyAt => [t, message(gate, { '/seq': n }, `m${n}`)];
  const numbers = Array.from({ length: 70 }, (_, n) => n);
  const snapshot = Object.fromEntries(
    numbers.filter((n) => n >= first && n <= 50).map((n, i) => [`/items/${i}/seq`, n] as const),
  );
  return [
    ...numbers.map((n) => numbered('witness', n, n * 100)),
    ...numbers.filter((n) => n < 24).map((n) => numbered('victim', n, n * 100 + 1)),
    ...numbers.filter((n) => n > 50).map((n) => numbered('victim', n, Math.max(BACK_AT + 10, n * 100 + 1))),
    ...[[at, message('victim', snapshot, 'snapshot')] as const],
    ...[[2350, { type: 'phase', phase: 'fault', label: 'cut' }] as const],
    ...[[2350, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: {} }] as const],
    [
      2360,
      { type: 'measure', name: 'presented', facts: { pointer: '/seq', by: null, group: '', key: '23', others: '' } },
    ],
    [5000, { type: 'phase', phase: 'recovery' }],
    [BACK_AT, { type: 'session', name: 'resumed', what: 'open' }],
    [BACK_AT, { type: 'measure', name: 'back', facts: { returned: true, conn: 2 } }],
  ].sort((a, b) => Number(a[0]) - Number(b[0])) as EventBodyAt[];
}

const outcomes = (events: readonly EventBodyAt[], target: Target) =>
  [noResume, noReplay].map((check) => judgeStory(check.value, events, target).outcome);

test('a declared snapshot that holds what was missed is fine, also with what the client had', () => {
  expect(outcomes(story(0, BACK_AT + 5), REFETCHES)).toEqual(['pass', 'pass']);
  expect(judgeStory(noResume.value, story(0, BACK_AT + 5), REFETCHES).measured).toMatchObject({
    kind: 'refetch',
    lost: 0,
  });
});

test('a snapshot without all that was missed is a loss', () => {
  expect(outcomes(story(40, BACK_AT + 5), REFETCHES)).toEqual(['fail', 'fail']);
});

test('a snapshot that comes late is none', () => {
  expect(outcomes(story(0, BACK_AT + 5500), REFETCHES)).toEqual(['fail', 'fail']);
});

test('a snapshot that is not declared leaves open whether the client had use for what it had', () => {
  expect(outcomes(story(0, BACK_AT + 5), STORY_TARGET)).toEqual(['inconclusive', 'fail']);
});

test('where a snapshot is fetched, no id can be unknown, and a lone client has none to fetch', () => {
  expect(silentGap.value.unless?.(REFETCHES)).toContain('--resume without {id}');
  const { server: _, ...lone } = REFETCHES;
  expect(noResume.value.unless?.(lone)).toContain('needs --server');
});
