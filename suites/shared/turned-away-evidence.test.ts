import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { judgeStory, STORY_TARGET, tell } from '../../harness/story.js';
import {
  goodbyeLabel,
  isSpoiled,
  NOISE_FACTOR,
  REFUSED_GATE,
  returnsAfter,
  STOOD_STILL,
} from '../../harness/turned-away.js';
import { flappingStory, goodbyeStory, refusedStory } from './turned-away-evidence.js';

const { server: _, ...LONE } = STORY_TARGET;

const judged = (id: string, ...parts: readonly (readonly EventBodyAt[])[]) => {
  const check = loadCatalog().checks.find((one) => one.id === `websocket/${id}`);
  if (!check) throw new Error('no such check');
  const { outcome, actual, reason } = judgeStory(
    check,
    parts.flat().sort((a, b) => a[0] - b[0]),
    LONE,
  );
  return [outcome, reason ?? actual];
};

/** Told 1001, 1013 and 1001, with these mean delays after each. */
const rounds = (first: number, second: number | null, third: number): EventBodyAt[] =>
  [first, second, third].flatMap((ms, round) =>
    goodbyeStory(round, round === 1 ? 1013 : 1001, 20, (copy) => (ms ?? 0) * (0.8 + copy / 20)).filter(
      ([, event]) => ms !== null || event.type !== 'connection' || event.what !== 'start',
    ),
  );
const heeded = [refusedStory(503, 20, [1000, 22_000]), refusedStory(429, 20, [1000, 22_000])];

describe('a client that is told 1013', () => {
  test.each([
    ['heeds it by waiting longer than after 1001', rounds(1000, 6000, 1000), 'pass'],
    ['ignores it by waiting as long', rounds(1000, 1000, 1000), 'fail'],
    ['ignores it where its delays grow whatever it is told', rounds(1000, 2000, 4000), 'fail'],
    ['heeds it by staying away', rounds(1000, null, 1000), 'pass'],
  ])('%s', (_title, story, outcome) => {
    expect(judged('ignores-retry-hint', ...heeded, story)[0]).toBe(outcome);
  });

  test('heeds it by waiting longer than after a cut, even if it waits half a minute after a goodbye', () => {
    const cut = flappingStory([1000, 2000, 4000]);
    expect(judged('ignores-retry-hint', ...heeded, cut, rounds(17_000, 6000, 17_000))[0]).toBe('pass');
  });
});

describe('a client that is asked to come back after 20 s', () => {
  test('ignores 429 even if it heeds 503', () => {
    const early = refusedStory(429, 20, [1000, 3000, 7000]);
    expect(judged('ignores-retry-hint', refusedStory(503, 20, [1000, 22_000]), early)[0]).toBe('fail');
  });

  test('is not called heedless for an answer that it may have missed', () => {
    const once = [503, 429].map((status) => refusedStory(status, 20, [1000, 3000, 24_000]));
    expect(judged('ignores-retry-hint', ...once)[0]).toBe('inconclusive');
  });

  test('is not judged by a header that its kind of WebSocket hides from it', () => {
    const handshake: EventBodyAt[] = [503, 429].map((status) => [
      1001,
      { type: 'handshake', gate: `${REFUSED_GATE}${status}`, conn: 2, dir: 'up', fields: { 'sec-fetch-mode': null } },
    ]);
    const early = [503, 429].flatMap((status) => refusedStory(status, 20, [1000, 3000, 7000]));
    expect(judged('ignores-retry-hint', early, handshake, rounds(1000, 6000, 1000))[0]).toBe('pass');
  });

  test('is not called heedful where it waits that long whoever asks', () => {
    const slow = [503, 429].map((status) => refusedStory(status, 20, [25_000, 50_000]));
    expect(judged('ignores-retry-hint', ...slow)[0]).toBe('inconclusive');
  });
});

describe('a client whose sessions are dropped as soon as they are open', () => {
  test.each([
    ['comes back at once', Array.from({ length: 20 }, () => 5), 'fail'],
    ['starts anew each time', Array.from({ length: 20 }, () => 1000), 'fail'],
    ['grows to a low cap at once', [1000, ...Array.from({ length: 19 }, () => 2000)], 'pass'],
    ['tries once at once, then backs off', [5, 1000, 2000, 4000, 8000], 'pass'],
    ['notices its loss by a timer of its own, then backs off', [11_100, 7400, 8400, 9500, 11_500], 'pass'],
    ['notices its loss by a timer of its own, then starts anew', [16_000, 6900, 7400, 7000, 7300, 6900], 'fail'],
    ['waits for so long that two delays are seen', [20_000, 30_000], 'inconclusive'],
  ])('%s', (_title, delays, outcome) => {
    expect(judged('flapping-reset', flappingStory(delays))[0]).toBe(outcome);
  });

  // Where to go is asked by POST, over a connection that HTTP keeps alive while sessions come and go (Go, Node's agent, fetch).
  test('is judged by its sessions where it asks for something else first, over a connection that stays', () => {
    const asked = [...Array(8).keys()].flatMap((i): EventBodyAt[] => [
      [500, { type: 'connection', gate: `flap-${i}`, conn: 1, what: 'start' }],
      [502, { type: 'handshake', gate: `flap-${i}`, conn: 1, dir: 'down', status: 200 }],
    ]);
    const among = (delays: readonly number[]) => [...flappingStory(delays), ...asked].toSorted(([a], [b]) => a - b);
    expect(judged('flapping-reset', among([1000, 2000, 4000, 8000, 16_000]))[0]).toBe('pass');
    expect(judged('flapping-reset', among([1000, 1000, 1000, 1000, 1000, 1000]))[0]).toBe('fail');
  });

  // SignalR: where to go is negotiated by POST.
  test('is not known where it asks for something else than a session first', () => {
    const asking = flappingStory([1000, 2000, 4000]).filter(([, { type }]) => type !== 'handshake');
    expect(judged('flapping-reset', asking)).toEqual(['inconclusive', expect.stringContaining('something else')]);
    const gone = asking.filter(([, { type }]) => type !== 'connection');
    expect(judged('flapping-reset', gone)).toEqual(['skipped', expect.stringContaining('no-reconnect')]);
  });
});

describe('a client that is told to leave', () => {
  test('comes back in step where its delay is fixed', () => {
    expect(
      judged(
        'slow-to-leave',
        goodbyeStory(0, 1001, 20, (copy) => 1000 + copy),
      )[0],
    ).toBe('fail');
  });

  test('is left to herd-retry where it comes back at once', () => {
    const [outcome, reason] = judged(
      'slow-to-leave',
      goodbyeStory(0, 1001, 20, () => 10),
    );
    expect([outcome, reason]).toEqual(['skipped', expect.stringContaining('herd-retry')]);
  });

  test('may take its time to answer', () => {
    expect(
      judged(
        'slow-to-leave',
        goodbyeStory(0, 1001, 9000, (copy) => 1000 + 200 * copy),
      )[0],
    ).toBe('pass');
  });
});

describe('a goodbye whose control clients were not seen as what they are', () => {
  const spread = (copy: number) => 1000 + 200 * copy;
  const inStep = (copy: number) => 1000 + copy;
  const noisy = goodbyeStory(0, 1001, 20, spread, { controlOf: (copy) => 1040 + 25 * copy });
  const again = (delayOf: typeof spread) => goodbyeStory(0, 1001, 20, delayOf, { repeat: 1 });

  test('shows nothing of the delays', () => {
    expect(judged('slow-to-leave', noisy)).toEqual(['inconclusive', expect.stringContaining('own noise')]);
    const round = returnsAfter(viewOf(tell(noisy)), goodbyeLabel(0));
    expect(round.map((one) => isSpoiled(one, NOISE_FACTOR))).toEqual([true]);
  });

  test('is judged by its repeat', () => {
    expect(judged('slow-to-leave', noisy, again(spread))[0]).toBe('pass');
    expect(judged('slow-to-leave', noisy, again(inStep))[0]).toBe('fail');
    const round = returnsAfter(viewOf(tell(again(inStep))), goodbyeLabel(0, 1));
    expect(round.map((one) => isSpoiled(one, NOISE_FACTOR))).toEqual([false]);
  });

  test('is one that the client has to leave at all the same', () => {
    const stays = goodbyeStory(0, 1001, null, spread, { controlOf: (copy) => 1040 + 25 * copy });
    expect(judged('slow-to-leave', stays, again(spread))[0]).toBe('fail');
  });
});

test('a goodbye while the harness stood still for as long as the copies differ is made again', () => {
  const still: EventBodyAt = [
    60_000,
    { type: 'measure', name: STOOD_STILL, facts: { label: goodbyeLabel(0), maxMs: 800 } },
  ];
  const round = (...more: readonly EventBodyAt[]) =>
    returnsAfter(viewOf(tell([...goodbyeStory(0, 1001, 20, (copy) => 1000 + copy), ...more])), goodbyeLabel(0));
  expect(round().map((one) => isSpoiled(one, NOISE_FACTOR))).toEqual([false]);
  expect(round(still).map((one) => isSpoiled(one, NOISE_FACTOR))).toEqual([true]);
});

describe('a client that is refused with 401 and 403', () => {
  const refused = (startsAt: readonly number[], ...more: readonly EventBodyAt[]) =>
    judged('retries-forbidden', ...[401, 403].map((status) => refusedStory(status, null, startsAt)), more)[0];

  test('may try three times in 30 s', () => {
    expect(refused([1000, 5000, 13_000, 31_500])).toBe('pass');
    expect(refused([1000, 5000, 13_000, 29_000])).toBe('fail');
  });

  test('is not passed for a fourth attempt that a machine that stood still made late', () => {
    const stall: EventBodyAt = [12_000, { type: 'loop', who: 'turned-away', p99Ms: 2000, maxMs: 2000 }];
    expect(refused([1000, 5000, 14_000, 31_500], stall)).toBe('inconclusive');
  });
});
