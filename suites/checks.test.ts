import { loadCatalog } from '../harness/catalog.js';
import type { Check, EventBodyAt, Outcome } from '../harness/contract.js';
import { judgeStory } from '../harness/story.js';

const { checks } = loadCatalog();
const cases = checks.map((check) => [check.id, check] as const);

/** A check that speaks about a fault may not pass once that fault's evidence is gone. */
const withoutBites = (events: readonly EventBodyAt[]) =>
  events.filter(([, event]) => event.type !== 'fault' || event.what !== 'bite');
const outcomesOf = (check: Check, events: readonly EventBodyAt[]): Outcome => judgeStory(check, events).outcome;

describe('every check', () => {
  test.each(cases)('%s passes its passing example and fails its failing one', (_, check) => {
    expect([outcomesOf(check, check.examples.pass), outcomesOf(check, check.examples.fail)]).toEqual(['pass', 'fail']);
  });

  test.each(cases)('%s points at events when it fails', (_, check) => {
    const { because } = judgeStory(check, check.examples.fail);
    expect(because?.length).toBeGreaterThan(0);
  });

  test.each(cases)('%s reports only numbers that its meta names', (_, check) => {
    const named = Object.keys(check.measured);
    for (const events of [check.examples.pass, check.examples.fail]) {
      for (const name of Object.keys(judgeStory(check, events).measured ?? {})) expect(named).toContain(name);
    }
  });

  test.each(cases)('%s never passes on an empty history', (_, check) => {
    expect(outcomesOf(check, [[0, { type: 'phase', phase: 'done' }]])).not.toBe('pass');
  });

  test.each(
    cases.filter(([, check]) =>
      check.examples.pass.some(([, event]) => event.type === 'fault' && event.what === 'bite'),
    ),
  )('%s does not pass without the evidence that its fault acted', (_, check) => {
    expect(outcomesOf(check, withoutBites(check.examples.pass))).not.toBe('pass');
  });

  test.each(cases)('%s says the same when every time is shifted', (_, check) => {
    for (const events of [check.examples.pass, check.examples.fail]) {
      const shifted = events.map(([t, event]) => [t + 12_345, event] as const);
      expect(outcomesOf(check, shifted)).toBe(outcomesOf(check, events));
    }
  });

  test.each(cases)('%s is not moved by an event that is not about it', (_, check) => {
    for (const events of [check.examples.pass, check.examples.fail]) {
      const more: EventBodyAt[] = [
        ...events,
        [(events.at(-1)?.[0] ?? 0) + 1, { type: 'loop', who: 'story', p99Ms: 0, maxMs: 0 }],
      ];
      expect(outcomesOf(check, more)).toBe(outcomesOf(check, events));
    }
  });
});
