import type { Facts } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { MIB } from '../../harness/numbers.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from '../../harness/story.js';
import { judgeSendBuffer, sendBufferStory } from './send-buffer-evidence.js';

/** Of a call that is not read; what is not said is as of a client that waits. */
function judged(given: Facts, fault: 'held-windows' | 'slow-server' = 'held-windows') {
  const events = sendBufferStory(fault, 0).map(([t, event]) =>
    event.type === 'measure' && event.name === 'slowed'
      ? ([t, { ...event, facts: { ...event.facts, ...given } }] as const)
      : ([t, event] as const),
  );
  return judgeSendBuffer(viewOf(tell(events)), {
    target: { ...STORY_TARGET, protocol: 'grpc' },
    options: STORY_OPTIONS,
    expect: {},
  });
}

const keepsAll = { keptBytes: 95 * MIB, rssGrowthBytes: 110 * MIB, ownGrowthBytes: 115 * MIB, rssBytes: 190 * MIB };

describe('a client whose call is not read', () => {
  test('passes where nothing was kept and its memory is level', () => {
    expect(judged({}).outcome).toBe('pass');
  });

  test('fails where all came when it was read again, and was in its memory', () => {
    expect(judged(keepsAll).outcome).toBe('fail');
    expect(judged({ ...keepsAll, crowdedShare: 0.9 }).outcome).toBe('fail');
  });

  test('what was kept elsewhere than in its memory is no failure', () => {
    expect(judged({ keptBytes: 95 * MIB }).outcome).toBe('inconclusive');
  });

  test('what it kept comes no faster than what is new where the server takes no more: that passes nothing', () => {
    const crowded = { crowdedShare: 0.6, rssBytes: 150 * MIB };
    expect(judged({ ...crowded, rssGrowthBytes: 12 * MIB, ownGrowthBytes: 190 * MIB })).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('waited for 60 %'),
    });
    // A heap that was large before takes it in without growing.
    expect(judged({ ...crowded, rssGrowthBytes: 0, ownGrowthBytes: 0 }).outcome).toBe('inconclusive');
  });

  test('there it passes where all of its memory is less than what was not read', () => {
    expect(judged({ crowdedShare: 0.6, rssBytes: 70 * MIB, ownGrowthBytes: MIB }).outcome).toBe('pass');
  });

  test('memory that follows passes nothing, though nothing came of it', () => {
    expect(judged({ rssGrowthBytes: 73 * MIB, ownGrowthBytes: 73 * MIB }).outcome).toBe('inconclusive');
    expect(judged({ rssGrowthBytes: 40 * MIB, ownGrowthBytes: 40 * MIB }).outcome).toBe('inconclusive');
  });

  test('what it drops may stay in its memory for a while', () => {
    const ring = { keptBytes: 5 * MIB, withheldBytes: 49 * MIB, rssGrowthBytes: 27 * MIB, ownGrowthBytes: 31 * MIB };
    expect(judged(ring).outcome).toBe('pass');
    expect(judged({ ...ring, crowdedShare: 0.4 }).outcome).toBe('inconclusive');
  });

  test('garbage of the control is no failing of its own', () => {
    expect(judged({ rssGrowthBytes: 0, ownGrowthBytes: 20 * MIB, rssBytes: 300 * MIB }).outcome).toBe('pass');
    expect(judged({ rssGrowthBytes: 0, ownGrowthBytes: 150 * MIB, rssBytes: 300 * MIB }).outcome).toBe('pass');
  });

  test('one that leaves passes only with a memory of its own that is level', () => {
    const left = { leftAtMs: 20_000, keptBytes: null };
    expect(judged({ ...left, rssGrowthBytes: MIB, ownGrowthBytes: 5 * MIB }).outcome).toBe('pass');
    expect(judged({ ...left, rssGrowthBytes: 0, ownGrowthBytes: 90 * MIB }).outcome).toBe('inconclusive');
  });

  test('nothing is said of a memory that cannot be seen', () => {
    expect(judged({ rssBytes: null })).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('cannot be seen'),
    });
  });
});

test('a slow reader over TCP needs none of that', () => {
  expect(judged({ rssBytes: null, crowdedShare: 1, ownGrowthBytes: 90 * MIB }, 'slow-server').outcome).toBe('pass');
});
