import type { EventBodyAt, EventOf, MessageFacts, Target } from '../../harness/contract.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';
import heartbeat from './no-heartbeat.js';
import replay from './no-replay.js';
import resume from './no-resume.js';
import sequence from './no-sequence-id.js';

const { resume: _, ...UNDECLARED } = STORY_TARGET;
const MQTT: Target = { ...UNDECLARED, subprotocol: 'mqtt' };
const SOCKET_IO: Target = { ...UNDECLARED, path: '/socket.io/?EIO=4&transport=websocket' };

type Message = Omit<EventOf<'message'>, 'seq' | 't' | 'scenario'>;

function message(gate: string, conn: number, n: number, more: Partial<MessageFacts> = {}): Message {
  const fields = { '/seq': n };
  const facts = { opcode: 'text', bytes: 9, hash: `m${n}`, form: 'json', fields, ...more } as const;
  return { type: 'message', gate, conn, dir: 'down', ...facts };
}

const beats = (everyMs: number): EventBodyAt[] =>
  Array.from({ length: Math.floor(75_000 / everyMs) }, (_, i) => [
    (i + 1) * everyMs,
    message('idle', 1, i, { fields: {}, packet: 'heartbeat' }),
  ]);
const watched: EventBodyAt = [
  75_000,
  { type: 'measure', name: 'watched', facts: { session: 1, conn: 1, forMs: 75_000, ended: false } },
];
const mute = (releasedMs: number | null): EventBodyAt => [
  92_000,
  { type: 'measure', name: 'mute', facts: { releasedMs } },
];

describe('heartbeats that the client drives', () => {
  const outcome = (events: readonly EventBodyAt[]) => judgeStory(heartbeat.value, events, MQTT).outcome;

  test('pass where the server answers them and drops who sends none', () => {
    expect(outcome([...beats(15_000), watched, mute(45_000)])).toBe('pass');
  });

  test('fail where it keeps who sends none, or answers nothing', () => {
    expect(outcome([...beats(15_000), watched, mute(null)])).toBe('fail');
    expect(outcome([watched, mute(45_000)])).toBe('fail');
  });

  test('do not matter where the server pings by itself', () => {
    const pings = beats(15_000).map(([t]): EventBodyAt => [t, message('idle', 1, 0, { opcode: 'ping', hash: '' })]);
    expect(outcome([...pings, watched, mute(null)])).toBe('pass');
  });
});

/** The witness sees 60; the victim has 24 of them, comes back at 5000 and is told those that `told` says. */
function cut(told: (n: number) => boolean, facts: (n: number) => Partial<MessageFacts>): EventBodyAt[] {
  const all = Array.from({ length: 60 }, (_, n) => n);
  const events: EventBodyAt[] = [
    ...all.map((n): EventBodyAt => [n * 100, message('witness', 1, n, facts(n))]),
    ...all.filter((n) => n < 24).map((n): EventBodyAt => [n * 100 + 1, message('victim', 1, n, facts(n))]),
    ...all.filter(told).map((n): EventBodyAt => [Math.max(5010, n * 100 + 1), message('victim', 2, n, facts(n))]),
    [2350, { type: 'phase', phase: 'fault', label: 'cut' }],
    [2350, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: {} }],
    [5000, { type: 'phase', phase: 'recovery' }],
  ];
  return events.sort((a, b) => a[0] - b[0]);
}

const presented = { pointer: '/seq', by: null, group: '', key: '23', others: '' };
const serverSide = (events: readonly EventBodyAt[]): EventBodyAt[] => [
  ...events.filter(([t]) => t < 5000),
  [4990, { type: 'measure', name: 'presented', facts: presented }],
  [5000, { type: 'phase', phase: 'recovery' }],
  [5001, { type: 'session', name: 'resumed', what: 'open' }],
  ...events.filter(([t, { type }]) => t >= 5000 && type !== 'phase'),
];
const clientSide = (events: readonly EventBodyAt[], up?: Message): EventBodyAt[] => [
  ...events.filter(([t]) => t <= 5000),
  ...(up ? [[5005, up] as const] : []),
  [5006, { type: 'measure', name: 'back', facts: { returned: true, conn: 2 } }],
  ...events.filter(([t]) => t > 5000),
];

describe('messages that a subprotocol may deliver again', () => {
  const atLeastOnce = () => ({ repeat: true });

  test('are no duplicates', () => {
    const events = cut((n) => n >= 22, atLeastOnce);
    expect(judgeStory(replay.value, serverSide(events), MQTT).outcome).toBe('pass');
    expect(judgeStory(resume.value, clientSide(events), MQTT).outcome).toBe('pass');
    const once = cut(
      (n) => n >= 22,
      () => ({}),
    );
    expect(judgeStory(replay.value, serverSide(once), MQTT).outcome).toBe('fail');
  });

  test('are lost where they do not come', () => {
    const events = cut((n) => n >= 50, atLeastOnce);
    expect(judgeStory(replay.value, serverSide(events), MQTT).outcome).toBe('fail');
    expect(judgeStory(resume.value, clientSide(events), MQTT).outcome).toBe('fail');
  });

  test('need no id of the application', () => {
    const events = cut(
      (n) => n >= 24,
      (n) => ({ ...atLeastOnce(), fields: { '/price': n % 7 } }),
    );
    const calm = [...events, ...events.map(([t, event]): EventBodyAt => [t + 1, event])].filter(([t]) => t < 2300);
    const { outcome } = judgeStory(
      { ...sequence.value, expect: { minMessages: 20 } },
      calm.sort((a, b) => a[0] - b[0]),
      MQTT,
    );
    expect(outcome).toBe('inconclusive');
  });
});

test('messages that are delivered at most once are not asked back', () => {
  const events = cut(
    (n) => n >= 50,
    () => ({ atMostOnce: true }),
  );
  expect(judgeStory(replay.value, serverSide(events), MQTT).outcome).toBe('skipped');
  expect(judgeStory(resume.value, clientSide(events), MQTT).outcome).toBe('skipped');
});

test("a client that presents its protocol's cursor resumes behind the message that has it", () => {
  const events = cut(
    (n) => n >= 24,
    (n) => ({ cursor: { hash: `c${n}`, length: 7 } }),
  );
  const connect = { packet: 'control', fields: {}, cursor: { hash: 'c23', length: 7 } } as const;
  const finding = judgeStory(
    resume.value,
    clientSide(events, { ...message('victim', 2, 0, connect), dir: 'up' }),
    SOCKET_IO,
  );
  expect(finding.outcome).toBe('pass');
  expect(finding.measured).toMatchObject({ kind: 'resume', lost: 0 });
});

test('a server that could let its clients resume and does not is skipped, as one without a declaration is', () => {
  const events = cut(
    () => false,
    () => ({}),
  ).filter(([t]) => t < 2300);
  expect(judgeStory(replay.value, events, SOCKET_IO)).toMatchObject({
    outcome: 'skipped',
    reason: expect.stringContaining('--resume'),
  });
});

test('what came over HTTP on the way back is not known, so nothing is said to be lost', () => {
  const events = cut(
    (n) => n >= 50,
    () => ({}),
  );
  const polled = { type: 'handshake', gate: 'victim', conn: 2, dir: 'down', status: 200 } as const;
  const [outcome, plain] = [[[5001, polled] as const], []].map(
    (more) => judgeStory(resume.value, [...clientSide(events), ...more], SOCKET_IO).outcome,
  );
  expect([outcome, plain]).toEqual(['inconclusive', 'fail']);
});
