import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import check from './leaked-session.js';

/** gws 1.8.9 with its README's deadline lets go of every session that is quiet for 15 s: before there was anything to withhold. */
const letGoUnheard = (...dropped: readonly EventBodyAt[]): EventBodyAt[] => [
  [10_000, { type: 'fault', fault: 'freeze', what: 'inject', who: 'f', facts: {} }],
  [
    14_000,
    { type: 'connection', gate: 'frozen', conn: 1, what: 'end', by: 'server', how: 'FIN', upBytes: 0, downBytes: 0 },
  ],
  [14_001, { type: 'measure', name: 'frozen', facts: { released: true, keepalive: false, frozen: true } }],
  ...dropped,
];
const drop: EventBodyAt = [15_000, { type: 'fault', fault: 'packet-drop', what: 'bite', who: 'd', facts: {} }];
const seen = (releasedMs: number | null): EventBodyAt => [
  110_000,
  { type: 'measure', name: 'dropped', facts: { released: releasedMs !== null, releasedMs } },
];
const outcome = (events: readonly EventBodyAt[]) => judgeStory(check.value, events).outcome;

test('a freeze that withheld nothing leaves it to the dropped packets', () => {
  expect(outcome(letGoUnheard(drop, seen(13_000)))).toBe('pass');
  expect(outcome(letGoUnheard(drop, seen(null)))).toBe('fail');
});

test('a freeze that withheld nothing proves nothing where no packets were dropped', () => {
  expect(outcome(letGoUnheard())).toBe('inconclusive');
  expect(outcome(letGoUnheard(seen(13_000)))).toBe('inconclusive');
});
