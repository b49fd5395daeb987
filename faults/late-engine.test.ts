import * as clock from '../harness/clock.js';
import type { Facts, Gate } from '../harness/contract.js';
import { type ToxicPath, watchLag } from '../harness/path/toxic-path.js';
import type { ProxyHandle } from '../harness/path/toxiproxy.js';
import latency from './latency.js';
import latencySpike from './latency-spike.js';

const TICK_MS = 20;
const ONE_BYTES = 64;

/** A time that passes only where the test lets it, so that no machine is too slow for it. */
function ownTime() {
  let atMs = 0;
  const repeated = new Set<{ readonly periodMs: number; readonly act: () => void }>();
  jest.spyOn(clock, 'nowMs').mockImplementation(() => atMs);
  jest.spyOn(clock, 'every').mockImplementation((periodMs, act) => {
    const one = { periodMs, act };
    repeated.add(one);
    return { [Symbol.dispose]: () => void repeated.delete(one) };
  });
  return {
    get atMs() {
      return atMs;
    },
    pass(ms: number) {
      for (const endMs = atMs + ms; atMs < endMs; ) {
        atMs += 1;
        for (const { periodMs, act } of [...repeated]) if (atMs % periodMs === 0) act();
      }
    },
  };
}

/** A server that sends in an even rhythm, and a latency that acts the moment it is asked for; the engine's answer takes `lateMs`. */
function pathThrough(time: ReturnType<typeof ownTime>, delayMs: number, lateMs: number): ToxicPath {
  let actsFromMs = Number.POSITIVE_INFINITY;
  const sentBy = (ms: number) => Math.floor(ms / TICK_MS) * ONE_BYTES;
  const arrived = () => sentBy(Math.max(Math.min(time.atMs, actsFromMs), time.atMs - delayMs));
  const gate = (bytes: () => number) =>
    ({
      get live() {
        return [{ id: 1, ended: false, downBytes: bytes() }];
      },
    }) as unknown as Gate;
  const [near, far] = [gate(arrived), gate(() => sentBy(time.atMs))];
  const proxy = {
    addToxic: async ({ type, stream = 'downstream', attributes }) => {
      if (stream === 'downstream') actsFromMs = time.atMs;
      time.pass(lateMs);
      return { name: `${type}_${stream}`, type, stream, toxicity: 1, attributes };
    },
    removeToxic: async () => {},
  } as Partial<ProxyHandle> as ProxyHandle;
  return { near, far, proxy, watchLag: () => watchLag(near, far) };
}

afterEach(() => jest.restoreAllMocks());

describe.each([0, 30, 900])('an engine that answers %d ms after the latency has begun to act', (lateMs) => {
  const bites: Facts[] = [];
  const tools = { bite: (facts: Facts) => void bites.push(facts), signal: new AbortController().signal };
  beforeEach(() => {
    bites.length = 0;
  });

  test('hides none of a latency', async () => {
    const time = ownTime();
    time.pass(1000);
    const path = pathThrough(time, 300, lateMs);
    const heal = await latency.value.inject(path, { latencyMs: 300, jitterMs: 0, bothWays: true }, tools);
    time.pass(2000);
    await heal();
    expect(bites).toEqual([{ seenMs: expect.any(Number), askedMs: 300, samples: expect.any(Number) }]);
    expect(Math.abs(Number(bites[0]?.seenMs) - 300)).toBeLessThanOrEqual(TICK_MS);
  });

  test('hides none of a spike', async () => {
    const time = ownTime();
    time.pass(1000);
    const heal = await latencySpike.value.inject(pathThrough(time, 600, lateMs), { spikeMs: 600 }, tools);
    time.pass(2000);
    await heal();
    expect(bites).toEqual([{ seenMs: expect.any(Number), askedMs: 600 }]);
    expect(Math.abs(Number(bites[0]?.seenMs) - 600)).toBeLessThanOrEqual(TICK_MS);
  });
});
