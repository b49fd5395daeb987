import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';
import { GOODBYE_GATE } from '../../harness/turned-away.js';
import { outageStory } from './outage-evidence.js';
import { goodbyeStory, refusedStory } from './turned-away-evidence.js';

const { server: _, ...LONE } = STORY_TARGET;

function judged(id: string, story: readonly EventBodyAt[]) {
  const check = loadCatalog().checks.find((one) => one.id === id);
  if (!check) throw new Error(`no check ${id}`);
  const sorted = [...story].sort((a, b) => a[0] - b[0]);
  return { level: check.level, ...judgeStory(check, sorted, { ...LONE, protocol: id.split('/')[0] ?? '' }) };
}

/** Back after each kind of end but error pages, for which it came so many times. */
const stopsAtPages = (attempts: number): EventBodyAt[] =>
  ['fin', 'rst', 'restart', 'edge', 'edge-502', 'edge-524'].flatMap((kind, i) => {
    const isEdge = kind.startsWith('edge');
    const fault = isEdge ? 'edge-outage' : ({ fin: 'end', rst: 'reset' }[kind] ?? 'closed-port');
    const facts = { kind, reconnectMs: isEdge ? null : 900, attempts: isEdge ? attempts : 1, exited: false };
    return [
      [i, { type: 'fault', fault, what: 'bite', who: kind, facts: {} }] as const,
      [90_000 + i, { type: 'measure', name: 'returned', facts }] as const,
    ];
  });

describe('a client of a stream of events that does as the standard orders', () => {
  test('stops at an error page, which is a SHOULD, conforms, and is called not resilient', () => {
    const { outcome, level, conformant, actual } = judged('sse/no-reconnect', stopsAtPages(1));
    expect([outcome, level, conformant]).toEqual(['fail', 'SHOULD', true]);
    expect(actual).toMatch(/^The specification says stop, and so it is not resilient: /);
  });

  test('is not the one that came several times and then gave up', () => {
    expect(judged('sse/no-reconnect', stopsAtPages(4))).toMatchObject({ outcome: 'fail', level: 'SHOULD' });
    expect(judged('sse/no-reconnect', stopsAtPages(4)).conformant).toBeUndefined();
  });

  test('waits one reconnection time each time: a SHOULD of its own level, and conforms', () => {
    const story = outageStory([3000, 3000, 3000, 3000, 3000], 0);
    for (const id of ['sse/fixed-retry', 'sse/no-jitter'])
      expect(judged(id, story)).toMatchObject({ outcome: 'fail', level: 'SHOULD', conformant: true });
    const other = judged('websocket/fixed-retry', story);
    expect([other.outcome, other.level, other.conformant]).toEqual(['fail', 'MUST', undefined]);
  });
});

describe('a client that is told when to come back by retry', () => {
  /** All streams end, the second time after `retry`; the copies come back after these delays. */
  const ends = (first: number, second: number): EventBodyAt[] =>
    [first, second].flatMap((ms, round) => {
      const at = 100_000 * round;
      const heads = Array.from({ length: 8 }, (_, i): EventBodyAt[] => {
        const where = { gate: `${GOODBYE_GATE}${i}`, conn: 2 * round + 1, dir: 'down' } as const;
        const asked = { opcode: 'text', bytes: 0, hash: '', fields: { retry: 9000 } } as const;
        return [
          [at, { type: 'handshake', ...where, status: 200, opens: true }],
          ...(round === 0 ? [] : [[at, { type: 'message', ...where, ...asked }] as EventBodyAt]),
        ];
      });
      return [...goodbyeStory(round, 1001, null, (copy) => ms - 30_000 + 50 * copy), ...heads.flat()];
    });
  const stopped = [...refusedStory(503, 20, [1000]), ...refusedStory(429, 20, [1000])];

  test.each([
    ['heeds it where all copies waited as long', ends(3100, 9100), 'pass'],
    ['ignores it where they came back sooner', ends(3100, 4000), 'fail'],
    ['shows nothing where it waits as long when nobody asks', ends(9100, 9100), 'inconclusive'],
  ])('%s, whatever becomes of 503', (_title, story, outcome) => {
    expect(judged('sse/ignores-retry-hint', [...stopped, ...story]).outcome).toBe(outcome);
  });

  test('left when its stream ended, and comes back by the next request, on whatever connection', () => {
    const again: EventBodyAt = [
      3000,
      { type: 'handshake', gate: `${GOODBYE_GATE}0`, conn: 1, dir: 'up', method: 'GET', fields: {} },
    ];
    const story = ends(8000, 9100).filter(
      ([, event]) => event.type !== 'connection' || event.gate !== `${GOODBYE_GATE}0` || event.what !== 'start',
    );
    const { measured } = judged('sse/slow-to-leave', [...story, again]);
    expect([measured?.leaveMs, measured?.backMs]).toEqual([0, 8350 - 1]);
  });
});
