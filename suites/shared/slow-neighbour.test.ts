import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';

const check = loadCatalog().checks.find(({ id }) => id === 'sse/slow-neighbour');

/** The failing example, with these facts of its push and other events beside it. */
function judged(facts: object, ...more: readonly EventBodyAt[]) {
  if (!check) throw new Error('no such check');
  const story = check.examples.fail.map(([t, event]): EventBodyAt => {
    const isPush = event.type === 'measure' && event.name === 'pushed';
    return [t, isPush ? { ...event, facts: { ...event.facts, ...facts } } : event];
  });
  return judgeStory(
    check,
    [...more, ...story].sort((a, b) => a[0] - b[0]),
  ).outcome;
}

test('neighbours are late where the undisturbed copy kept all its clients', () => {
  expect(judged({ fastWhole: true })).toBe('fail');
});

// A machine that stood still for 1.4 s: the server cut four of our readers as slow ones, two of them in the undisturbed copy.
test('nothing is known where clients of the undisturbed copy were cut as well', () => {
  expect(judged({ fastWhole: false })).toBe('inconclusive');
});

test('what the harness stood still for is counted from where the neighbours were timed on', () => {
  const fault: EventBodyAt = [0, { type: 'phase', phase: 'fault' }];
  const stall = (t: number): EventBodyAt => [t, { type: 'loop', who: 'pressure', p99Ms: 900, maxMs: 900 }];
  expect(judged({ tookMs: 5000 }, fault, stall(8000))).toBe('inconclusive');
  expect(judged({ tookMs: 5000 }, fault, stall(3000))).toBe('fail');
});
