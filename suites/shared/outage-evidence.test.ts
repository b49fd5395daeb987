import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import { outageStory } from './outage-evidence.js';

const judged = (events: readonly EventBodyAt[], name = 'fixed-retry') => {
  const check = loadCatalog().checks.find(({ id }) => id === `websocket/${name}`);
  if (!check) throw new Error('no such check');
  return judgeStory(check, events);
};

const returned = (closedBackMs: number | null, back: number): EventBodyAt[] => [
  ...outageStory([1000, 1000, 1000, 1000, 1000], 0).filter(
    ([, event]) => event.type !== 'measure' || event.name !== 'closed copy',
  ),
  [71_000, { type: 'measure', name: 'closed copy', facts: { backMs: closedBackMs } }],
  [71_000, { type: 'measure', name: 'returned copies', facts: { copies: 8, back } }],
];

describe('a client whose copy behind a closed port stays away', () => {
  test('is not timed where the others came back: it behaves differently when refused', () => {
    const { outcome, reason } = judged(returned(null, 8));
    expect([outcome, reason]).toEqual(['inconclusive', expect.stringContaining('behaves differently')]);
  });

  test('is judged by the attempts it made where all of them gave up', () => {
    expect(judged(returned(null, 0)).outcome).toBe('fail');
  });

  test('is judged where it came back', () => {
    expect(judged(returned(900, 8)).outcome).toBe('fail');
  });
});

describe('a fleet that came while the harness stood still', () => {
  const together = outageStory([2000, 4000, 8000, 16_000], 0);
  const stall = (maxMs: number): EventBodyAt => [2100, { type: 'loop', who: 'outage', p99Ms: maxMs, maxMs }];

  test('is no herd for that: its arrivals bear one time', () => {
    expect(judged([...together, stall(1500)], 'herd-retry').outcome).toBe('inconclusive');
  });

  test('is a herd where the harness stood still for less than it would take', () => {
    expect(judged([...together, stall(20)], 'herd-retry').outcome).toBe('fail');
  });
});
