import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';

const check = loadCatalog().checks.find(({ id }) => id === 'sse/slow-neighbour');

/** The failing example, with these facts of its push and other events beside it. */
function judged(facts: object, ...more: readonly EventBodyAt[]) {
  if (!check) throw new Error('no such check');
  const story = check.examples.fail.map(([t, event]): EventBodyAt => {
    if (event.type === 'measure') return [t, { ...event, facts: { ...event.facts, ...facts } }];
    const { kind } = { kind: 'latency', ...facts };
    return [t, event.type === 'samples' ? { ...event, name: event.name.replace('latency', kind) } : event];
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

test('what the harness stood still for while it timed the push itself is its own', () => {
  const fault: EventBodyAt = [0, { type: 'phase', phase: 'fault' }];
  const stall: EventBodyAt = [5000, { type: 'loop', who: 'pressure', p99Ms: 900, maxMs: 900 }];
  expect(judged({}, fault)).toBe('fail');
  expect(judged({}, fault, stall)).toBe('fail');
  expect(judged({ kind: 'gap' }, fault, stall)).toBe('inconclusive');
});
