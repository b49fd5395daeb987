import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import { outageStory } from './outage-evidence.js';

const judged = (events: readonly EventBodyAt[]) => {
  const check = loadCatalog().checks.find(({ id }) => id === 'websocket/fixed-retry');
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
