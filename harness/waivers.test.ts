import { aVerdict } from './reporters/a-run.js';
import { brokenWaiver, withWaivers } from './waivers.js';

const CHECK = 'websocket/no-heartbeat';
const STARTED = '2026-11-27T08:00:00.000Z';
const waived = (until: string) => [{ check: CHECK, reason: 'ticket 7', until }];

describe('a waiver', () => {
  test('covers a failure until the end of its last day', () => {
    const { verdicts, waivers } = withWaivers([aVerdict({ outcome: 'fail' })], waived('2026-11-27'), STARTED);
    expect(verdicts[0]).toMatchObject({ outcome: 'fail', waived: 'ticket 7' });
    expect(waivers.map(({ state }) => state)).toEqual(['holds']);
  });

  test('that is over covers nothing, and says so', () => {
    const { verdicts, waivers } = withWaivers([aVerdict({ outcome: 'fail' })], waived('2026-11-26'), STARTED);
    expect(verdicts[0]?.waived).toBeNull();
    expect(waivers.map(brokenWaiver)).toEqual([expect.stringContaining('ended on 2026-11-26')]);
  });

  test('whose check passes must go, over or not', () => {
    for (const until of ['2026-11-26', '2027-01-01'])
      expect(withWaivers([aVerdict()], waived(until), STARTED).waivers.map(brokenWaiver)).toEqual([
        expect.stringMatching(/^passes, though it is waived/),
      ]);
  });

  test('whose check was skipped, left out or could not be decided holds as it is', () => {
    for (const verdicts of [[], [aVerdict({ outcome: 'skipped' })], [aVerdict({ outcome: 'inconclusive' })]])
      expect(withWaivers(verdicts, waived('2027-01-01'), STARTED).waivers.map(({ state }) => state)).toEqual([
        'unseen',
      ]);
  });

  test('of a check that both sides have holds as long as one of them fails', () => {
    const both = [aVerdict(), aVerdict({ role: 'client', outcome: 'fail' })];
    const { verdicts, waivers } = withWaivers(both, waived('2027-01-01'), STARTED);
    expect(waivers.map(({ state }) => state)).toEqual(['holds']);
    expect(verdicts.map((verdict) => verdict.waived)).toEqual([null, 'ticket 7']);
  });
});
