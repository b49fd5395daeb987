import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt, Finding } from '../../harness/contract.js';
import { COPY_GATE } from '../../harness/outage.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';
import { outageStory } from '../shared/outage-evidence.js';

const { checks } = loadCatalog();

/** The first delay is the application's. */
function found(id: string, delays: readonly number[], spread = 0.2, more: readonly EventBodyAt[] = []): Finding {
  const check = checks.find((one) => one.id === `grpc/${id}`);
  if (!check) throw new Error(`no check ${id}`);
  const story = [...outageStory([700, ...delays], spread), ...more].sort((a, b) => a[0] - b[0]);
  return judgeStory(check, story, { ...STORY_TARGET, protocol: 'grpc' });
}

const CURVE = [1000, 1600, 2560, 4096, 6554, 10_486, 16_777];
const gates = Array.from({ length: 8 }, (_, i) => `${COPY_GATE}${i}`);

describe('the backoff of gRPC', () => {
  test('is seen as the document has it, and how much of it', () => {
    const { outcome, confidence, actual } = found('wrong-backoff', CURVE);
    expect([outcome, confidence]).toEqual(['pass', 'high']);
    expect(actual).toContain("the document's curve");
  });

  test.each([
    ['a fixed second', Array.from({ length: 30 }, () => 1000)],
    ['a cap of 5 s', [1000, 1600, 2560, 4096, 5000, 5000, 5000, 5000, 5000]],
    ['a first delay of 100 ms', [100, 160, 256, 410, 655, 1050, 1680, 2690, 4300, 6900]],
    ['8 s each time', [8000, 8000, 8000, 8000, 8000, 8000, 8000]],
  ])('is wrong with %s', (_, delays) => {
    expect(found('wrong-backoff', delays).outcome).toBe('fail');
  });

  test('is wrong where a fleet stays in step', () => {
    expect(found('wrong-backoff', CURVE, 0.001).outcome).toBe('fail');
  });

  test.each([
    ['doubles to 30 s', [1000, 2000, 4000, 8000, 16_000, 30_000]],
    ['begins at 4 s', [4000, 6400, 10_240, 16_384, 26_214]],
    ['comes with calls every 5 s', [5000, 5000, 5000, 5000, 10_000, 15_000, 20_000]],
  ])('may be another that %s and comes no more often', (_, delays) => {
    const { outcome, actual } = found('wrong-backoff', delays);
    expect([outcome, actual.includes('another curve')]).toEqual(['pass', true]);
  });

  test('of a process with several channels is several in one another', () => {
    const twice = CURVE.flatMap((ms) => [ms * 0.4, ms * 0.6]);
    const two = gates.flatMap((gate) => [1, 2].map((i) => begun(gate, 1000 + i)));
    expect(found('wrong-backoff', twice).outcome).toBe('fail');
    expect(found('wrong-backoff', twice, 0.2, two).outcome).toBe('pass');
  });

  test('is not told from a few attempts', () => {
    expect(found('wrong-backoff', [20_000, 20_000, 20_000]).outcome).toBe('inconclusive');
    expect(found('fixed-retry', [20_000, 20_000, 20_000]).outcome).toBe('inconclusive');
    expect(found('fixed-retry', [3000, 3000, 3000, 3000, 3000, 3000]).outcome).toBe('fail');
  });

  test('is hidden behind the calls of who asks again and again', () => {
    const calls = gates.flatMap((gate) => [-9000, -6000, -3000].map((t) => asked(gate, t)));
    const seldom = [12_000, 12_000, 12_000, 12_000, 12_000];
    expect(found('no-jitter', seldom, 0).outcome).toBe('fail');
    expect(found('no-jitter', seldom, 0, calls).outcome).toBe('inconclusive');
    expect(found('no-jitter', [1000, 1000, 1000, 1000, 1000, 1000], 0, calls).outcome).toBe('fail');
  });
});

function begun(gate: string, conn: number): EventBodyAt {
  return [-10_000, { type: 'connection', gate, conn, what: 'start' }];
}

function asked(gate: string, t: number): EventBodyAt {
  return [t, { type: 'handshake', gate, conn: 1000, dir: 'up', stream: 1, rpc: '/a.B/C' }];
}
