import { viewOf } from '../../harness/history.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from '../../harness/story.js';
import { judgeMemory, tooGentle } from './pressure-evidence.js';

const said = (facts: Record<string, string | number | boolean>) => {
  const [event] = tell([
    [0, { type: 'measure', name: 'pushed', facts: { neededBytes: 134_000_000, tookMs: 12_000, ...facts } }],
  ]);
  if (event?.type !== 'measure') throw new Error('no measure');
  return tooGentle(event, STORY_TARGET);
};

describe('a push that can fill no buffer', () => {
  test('needs a setting where the server sends little of itself', () => {
    expect(said({ mode: 'push', fastTakenBytes: 12_000 })).toMatch(/pushes about 1 KB\/s of itself/);
  });

  test('needs one where the server answers with next to nothing', () => {
    expect(said({ mode: 'echo', fastTakenBytes: 48_000 })).toMatch(/answer about 4 KB\/s/);
  });

  test('is a measurement that fell short where the server answers, but slowly, or cut its clients', () => {
    expect(said({ mode: 'broadcast', fastTakenBytes: 15_000_000 })).toBeUndefined();
    expect(said({ mode: 'broadcast', fastTakenBytes: 48_000, fastWhole: false })).toBeUndefined();
    expect(said({ mode: 'echo', fastTakenBytes: 48_000, alive: false })).toBeUndefined();
  });

  test('is no measurement either where it was too little for the fault to act', () => {
    const pushed = { mode: 'push', fastTakenBytes: 4388, neededBytes: 134_000_000, tookMs: 12_000, alive: true };
    const history = viewOf(
      tell([
        [1, { type: 'measure', name: 'before', facts: { fastRssBytes: 90e6, slowRssBytes: 90e6 } }],
        [2, { type: 'measure', name: 'pushed', facts: pushed }],
      ]),
    );
    const context = { target: STORY_TARGET, options: STORY_OPTIONS, expect: {} };
    expect(judgeMemory(history, context, 'unread-stream')).toMatchObject({
      outcome: 'skipped',
      reason: expect.stringContaining('needs --pressure-env'),
    });
  });
});
