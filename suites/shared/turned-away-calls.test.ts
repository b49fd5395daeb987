import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { CONTROL_GATE } from '../../harness/outage.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';
import { FLAP_GATE, FLAPPING, GOODBYE_GATE, goodbyeLabel, REFUSED_GATE } from '../../harness/turned-away.js';

const WATCH = '/feed.Feed/Watch';
const ASK = '/feed.Feed/Ask';
const CUT_MS = 10_000;
const { server: _, ...LONE } = { ...STORY_TARGET, protocol: 'grpc' };

const outcomeOf = (id: string, ...parts: readonly (readonly EventBodyAt[])[]) => {
  const check = loadCatalog().checks.find((one) => one.id === `grpc/${id}`);
  if (!check) throw new Error('no such check');
  const events = parts.flat().sort((a, b) => a[0] - b[0]);
  return judgeStory(check, events, LONE).outcome;
};
const call = (gate: string, conn: number, stream: number, t: number, rpc = WATCH): EventBodyAt => [
  t,
  { type: 'handshake', gate, conn, dir: 'up', stream, rpc },
];
const opens = (gate: string, conn: number, stream: number, t: number): EventBodyAt => [
  t,
  { type: 'handshake', gate, conn, dir: 'down', stream, status: 200, opens: true },
];
const ends = (gate: string, conn: number, stream: number, t: number, grpcStatus: number): EventBodyAt => [
  t,
  { type: 'trailers', gate, conn, stream, grpcStatus },
];
const connection = (gate: string, conn: number, t: number, endAt?: number): EventBodyAt[] => [
  [t, { type: 'connection', gate, conn, what: 'start' }],
  ...(endAt === undefined
    ? []
    : [
        [
          endAt,
          { type: 'connection', gate, conn, what: 'end', by: 'gate', how: 'RST', upBytes: 9, downBytes: 9 },
        ] as const,
      ]),
];
const phases = (label: string): EventBodyAt[] => [
  [CUT_MS, { type: 'phase', phase: 'fault', label }],
  [CUT_MS + 60_000, { type: 'phase', phase: 'recovery', label }],
];
const held = (gate: string): EventBodyAt[] => [
  ...connection(gate, 1, 100, CUT_MS),
  call(gate, 1, 1, 101),
  opens(gate, 1, 1, 110),
];

/** One copy that held a call, and is refused each time it calls again, so long after it was cut. */
function refused(status: number, code: number, startsAt: readonly number[], retryAfterS: number | null = null) {
  const gate = `${REFUSED_GATE}${status}`;
  const at = CUT_MS + (startsAt[0] ?? 0);
  return [
    ...phases(gate),
    ...held(gate),
    ...connection(gate, 2, at),
    ...startsAt.flatMap((ms, n) => [
      call(gate, 2, 2 * n + 1, CUT_MS + ms),
      ends(gate, 2, 2 * n + 1, CUT_MS + ms + 2, code),
    ]),
    [at, { type: 'fault', fault: 'call-refusal', what: 'bite', who: gate, facts: { gate, status, code } }],
    [CUT_MS + 60_000, { type: 'measure', name: 'turned away', facts: { gate, status, retryAfterS, exited: false } }],
  ] satisfies EventBodyAt[];
}

describe('a client whose calls are refused on a connection that lives', () => {
  const forbidden = (startsAt: readonly number[], ...more: readonly EventBodyAt[]) =>
    outcomeOf('retries-forbidden', refused(401, 16, startsAt), refused(403, 7, startsAt), more);

  it('may call three times in 30 s', () => {
    expect(forbidden([1000, 5000, 13_000, 31_500])).toBe('pass');
    expect(forbidden([1000, 5000, 13_000, 29_000])).toBe('fail');
  });

  it('may ask other questions meanwhile', () => {
    const gate = `${REFUSED_GATE}401`;
    const questions = [1, 2, 3, 4, 5, 6].flatMap((n) => [
      call(gate, 2, 100 + n, CUT_MS + 1000 * n, ASK),
      ends(gate, 2, 100 + n, CUT_MS + 1000 * n + 2, 16),
    ]);
    expect(forbidden([1000, 17_000], ...questions)).toBe('pass');
  });

  it('may make as many for each call that it held', () => {
    const second = [401, 403].flatMap((status) => [
      call(`${REFUSED_GATE}${status}`, 1, 3, 200),
      opens(`${REFUSED_GATE}${status}`, 1, 3, 210),
    ]);
    expect(forbidden([1000, 2000, 15_000, 16_000], ...second)).toBe('pass');
  });

  const hinted = (startsAt: readonly number[], ...more: readonly EventBodyAt[]) =>
    outcomeOf('ignores-retry-hint', refused(503, 14, startsAt, 20), refused(429, 8, startsAt, 20), more);

  it('heeds a pushback by calling no sooner', () => {
    expect(hinted([1000, 21_500, 42_000])).toBe('pass');
    expect(hinted([1000, 3000, 7000])).toBe('fail');
  });

  it('is not called heedless where two calls come back, each for itself', () => {
    const second = [429, 503].flatMap((status) => [
      call(`${REFUSED_GATE}${status}`, 1, 3, 200),
      opens(`${REFUSED_GATE}${status}`, 1, 3, 210),
    ]);
    expect(hinted([1000, 3000, 22_000, 24_000], ...second)).toBe('inconclusive');
  });

  it('shows nothing where it held no call', () => {
    const over = [401, 403].map((status) => ends(`${REFUSED_GATE}${status}`, 1, 1, 500, 0));
    expect(forbidden([1000, 2000, 3000, 4000], ...over)).toBe('inconclusive');
  });
});

describe('a client whose calls are dropped behind their heads', () => {
  const flapping = (delays: readonly number[], questionsMs?: number) => {
    const story: EventBodyAt[] = [
      ...phases(FLAPPING),
      [CUT_MS + 1, { type: 'fault', fault: 'reset', what: 'bite', who: 'cut', facts: {} }],
      [CUT_MS + 2, { type: 'fault', fault: 'flapping', what: 'bite', who: 'flap', facts: { dropped: 1 } }],
    ];
    for (let i = 0; i < 8; i++) {
      const gate = `${FLAP_GATE}${i}`;
      story.push(...held(gate));
      let t = CUT_MS;
      for (const [k, delay] of delays.entries()) {
        t += delay * (0.9 + i / 40);
        story.push(...connection(gate, k + 2, t, t + 25), call(gate, k + 2, 1, t), opens(gate, k + 2, 1, t + 1));
      }
      // Questions of its own keep their pace, on connections of their own.
      for (let ms = questionsMs ?? 60_000, n = 100; ms < 60_000; ms += questionsMs ?? 0, n++)
        story.push(
          ...connection(gate, n, CUT_MS + ms, CUT_MS + ms + 25),
          call(gate, n, 1, CUT_MS + ms, ASK),
          opens(gate, n, 1, CUT_MS + ms + 1),
        );
    }
    return outcomeOf('flapping-reset', story);
  };

  it('goes on backing off, or starts anew each time', () => {
    expect(flapping([1000, 2000, 4000, 8000, 16_000])).toBe('pass');
    expect(flapping(Array.from({ length: 20 }, () => 1000))).toBe('fail');
  });

  it('may ask other questions meanwhile', () => {
    expect(flapping([1000, 2000, 4000, 8000, 16_000], 1000)).toBe('pass');
  });
});

describe('a client whose server says GOAWAY', () => {
  const away = (endMs: number | null, delayOf: (copy: number) => number, elsewhere: string | null = null) => {
    const label = goodbyeLabel(0);
    const story: EventBodyAt[] = [
      ...phases(label),
      [CUT_MS, { type: 'fault', fault: 'goodbye', what: 'bite', who: label, facts: { code: 1001, told: 8 } }],
    ];
    for (let i = 0; i < 8; i++) {
      const gate = `${GOODBYE_GATE}${i}`;
      const control = `${CONTROL_GATE}${i}`;
      story.push(
        ...connection(gate, 1, 100),
        call(gate, 1, 1, 101),
        opens(gate, 1, 1, 110),
        [CUT_MS + 1, { type: 'message', gate, conn: 1, dir: 'down', opcode: 'close', bytes: 0, hash: '' }],
        ...connection(control, 1, 100, CUT_MS),
        ...connection(control, 2, CUT_MS + 1000 + i),
      );
      story.push([CUT_MS + 60_000, { type: 'measure', name: 'told', facts: { gate, code: 1001, elsewhere } }]);
      if (endMs === null) continue;
      const backAt = CUT_MS + endMs + delayOf(i);
      // A channel may connect before anybody calls.
      story.push(
        ends(gate, 1, 1, CUT_MS + endMs, 14),
        ...connection(gate, 2, CUT_MS + endMs + 5),
        call(gate, 2, 1, backAt),
      );
    }
    return outcomeOf('slow-to-leave', story);
  };

  it('comes back spread, or in step', () => {
    expect(away(5, (copy) => 1000 + 200 * copy)).toBe('pass');
    expect(away(5, (copy) => 1000 + copy)).toBe('fail');
  });

  it('may go to another server of its own, which is not seen', () => {
    const late = (copy: number) => (copy === 3 ? 70_000 : 1000 + 200 * copy);
    expect(away(5, late)).toBe('fail');
    expect(away(5, late, '127.0.0.1:46102')).toBe('inconclusive');
  });

  it('need not leave a call that goes on', () => {
    expect(away(null, () => 0)).toBe('inconclusive');
  });

  it('may be sent out of its call late', () => {
    expect(away(40_000, (copy) => 1000 + 200 * copy)).toBe('pass');
  });
});
