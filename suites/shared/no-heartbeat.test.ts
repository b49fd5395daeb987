import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';

const judged = (echo: boolean) => {
  const check = loadCatalog().checks.find(({ id }) => id === 'websocket/no-heartbeat');
  if (!check) throw new Error('no such check');
  const facts = { push: false, echo, broadcast: false };
  const workload: EventBodyAt = [0, { type: 'measure', name: 'workload', facts }];
  return judgeStory(check, [workload, ...check.examples.fail]);
};

test('a server that answered nothing may want to hear something first, and is said to', () => {
  expect(judged(false)).toMatchObject({
    outcome: 'fail',
    confidence: 'medium',
    actual: expect.stringContaining('--subscribe'),
  });
  expect(judged(true)).toMatchObject({ outcome: 'fail', actual: expect.not.stringContaining('--subscribe') });
});
