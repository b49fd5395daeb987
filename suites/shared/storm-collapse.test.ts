import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';

const check = loadCatalog().checks.find(({ id }) => id === 'sse/storm-collapse');

/** One storm of 200 clients, 22 of which were still out after a minute, in which our own loop was late like this once in two seconds. */
function judge(lateMs: number) {
  if (!check) throw new Error('no check');
  const late = Array.from(
    { length: 30 },
    (_, i): EventBodyAt => [3000 + 2000 * i, { type: 'loop', who: 'storm', p99Ms: lateMs, maxMs: lateMs }],
  );
  return judgeStory(
    check,
    [
      [0, { type: 'samples', name: 'connect cost', unit: 'ms', values: [70] }],
      [0, { type: 'measure', name: 'filled', facts: { asked: 200, open: 200 } }],
      [1000, { type: 'fault', fault: 'reset', what: 'bite', who: 'storm', facts: {} }],
      ...late,
      [
        62_500,
        { type: 'samples', name: 'served 1', unit: 'ms', values: Array.from({ length: 178 }, (_, i) => 100 * i) },
      ],
      [62_500, { type: 'measure', name: 'storm', facts: { round: 1, clients: 200, served: 178, orderly: 0 } }],
      [65_500, { type: 'measure', name: 'after storm', facts: { round: 1, rssBytes: 65e6, alive: true } }],
    ],
    STORY_TARGET,
  );
}

describe('clients of a storm that were not served again', () => {
  test('are the server’s where the harness kept time', () => {
    expect(judge(150).outcome).toBe('fail');
  });

  test('are nobody’s where the harness stood still for much of the minute', () => {
    const finding = judge(1400);
    expect(finding.outcome).toBe('inconclusive');
    expect(finding.reason ?? '').toContain('stood still');
  });
});
