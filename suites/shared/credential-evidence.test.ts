import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt, Scalar } from '../../harness/contract.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';

const { checks } = loadCatalog();
const AUTH = { in: 'query', name: 'token', value: 't' } as const;

function verdict(id: string, events: readonly EventBodyAt[], target: object = {}) {
  const check = checks.find((one) => one.id === `websocket/${id}`);
  if (!check) throw new Error(`no check ${id}`);
  return judgeStory(check, events, { ...STORY_TARGET, auth: AUTH, ...target });
}

type Given = readonly [gate: string, t: number, fields: Readonly<Record<string, Scalar>>];

/** A stranger that was let in at 2 s and was ended `openMs` later; the good one has been there since 0 s. */
function story(openMs: number, messages: readonly Given[], more: readonly EventBodyAt[] = [], facts: object = {}) {
  const stranger = { name: 'silent', status: 101, openMs, ended: openMs < 12_000, closeCode: 4401 };
  return [
    ...more,
    [2000, { type: 'session', name: 'silent', what: 'open', status: 101 }],
    [2000, { type: 'fault', fault: 'bad-credentials', what: 'bite', who: 'silent', facts: { status: 101 } }],
    ...messages.map(([gate, t, fields]): EventBodyAt => {
      const hash = JSON.stringify(fields);
      return [t, { type: 'message', gate, conn: 1, dir: 'down', opcode: 'text', bytes: 9, hash, form: 'json', fields }];
    }),
    [15_000, { type: 'measure', name: 'stranger', facts: { ...stranger, echoed: false, broadcast: false, ...facts } }],
    [15_000, { type: 'measure', name: 'good', facts: { open: true } }],
  ] as EventBodyAt[];
}

const tick = (gate: string, t: number, n: number): Given => [
  gate,
  t,
  { '/type': { hash: 'tick', length: 4 }, '/n': n },
];

/** One stranger at a server of events: what its request was answered with. */
function answered(status: number, opens: boolean, openMs: number, good: object): EventBodyAt[] {
  const answer = {
    type: 'handshake',
    gate: 'silent',
    conn: 1,
    dir: 'down',
    status,
    ...(opens ? { opens } : {}),
  } as const;
  const facts = { name: 'silent', status, openMs, ended: openMs < 12_000, closeCode: null };
  return [
    [2000, { type: 'fault', fault: 'bad-credentials', what: 'bite', who: 'silent', facts: { status } }],
    [2000, answer],
    [15_000, { type: 'measure', name: 'stranger', facts: { ...facts, echoed: false, broadcast: false } }],
    [15_000, { type: 'measure', name: 'good', facts: { open: false, ...good } }],
  ];
}

describe('at a stream of events', () => {
  const sse = { protocol: 'sse' };

  test('a page to log in is a refusal, though its status is 200', () => {
    const events = answered(200, false, 0, { open: true });
    expect(verdict('auth-window', events, sse).outcome).toBe('pass');
    expect(verdict('late-auth', events, sse).outcome).toBe('pass');
  });

  test('a stream that begins and is ended later was not refused at once', () => {
    const events = answered(200, true, 5000, { open: true });
    expect(verdict('auth-window', events, sse).outcome).toBe('fail');
    expect(verdict('late-auth', events, sse).outcome).toBe('pass');
  });

  test('the good one may be over when it was whole, but not when it was cut', () => {
    expect(verdict('late-auth', answered(401, false, 0, { whole: true }), sse).outcome).toBe('pass');
    expect(verdict('late-auth', answered(401, false, 0, { whole: false }), sse).outcome).toBe('inconclusive');
  });
});

describe('late-auth', () => {
  test('a greeting that each gets at its own arrival is nothing delivered', () => {
    const hello = { '/type': { hash: 'hello', length: 5 } };
    const events = story(3000, [
      ['good', 1500, hello],
      ['silent', 2010, hello],
    ]);
    expect(verdict('late-auth', events).outcome).toBe('pass');
  });

  test('a message that both got while both were there was delivered', () => {
    const events = story(3000, [tick('good', 2500, 7), tick('silent', 2501, 7)]);
    expect(verdict('late-auth', events)).toMatchObject({ outcome: 'fail', measured: { deliveredBefore: 1 } });
  });

  test('so was a backlog of three of one make, at whatever time', () => {
    const backlog = [1, 2, 3].flatMap((n) => [tick('good', 100, n), tick('silent', 2100, n)]);
    expect(verdict('late-auth', story(3000, backlog)).outcome).toBe('fail');
  });

  test('so were messages of the same make as the stream, though each got its own', () => {
    const own = [1, 2, 3].flatMap((n) => [tick('good', 2000 + 300 * n, n), tick('silent', 2100 + 300 * n, 100 + n)]);
    expect(verdict('late-auth', story(3000, own)).outcome).toBe('fail');
  });

  test('refusals of the same fields as the stream, and another type, are none', () => {
    const no = (t: number, n: number): Given => ['silent', t, { '/type': { hash: 'error', length: 5 }, '/n': n }];
    const events = story(
      3000,
      [1, 2, 3].map((n) => tick('good', 2000 + 300 * n, n)).concat([no(2500, 1), no(2900, 2)]),
    );
    expect(verdict('late-auth', events).outcome).toBe('pass');
  });

  test('the code that a subprotocol refused the login with is told', () => {
    const close = {
      type: 'message',
      gate: 'silent',
      conn: 1,
      dir: 'down',
      opcode: 'close',
      bytes: 2,
      hash: '',
    } as const;
    const events = story(0, [], [[2100, { ...close, closeCode: 4403 }]], { status: null, closeCode: null });
    expect(verdict('late-auth', events)).toMatchObject({ outcome: 'pass', measured: { closeCode: 4403 } });
  });

  test('what it said and was acted on fails it', () => {
    expect(verdict('late-auth', story(3000, [], [], { broadcast: true })).outcome).toBe('fail');
  });

  test('a timer of ten seconds that comes a little late is ten seconds', () => {
    expect(verdict('late-auth', story(10_040, [])).outcome).toBe('pass');
    expect(verdict('late-auth', story(12_500, [])).outcome).toBe('fail');
  });

  test('a protocol whose login is its first message may take its time', () => {
    const opening: EventBodyAt = [
      10,
      { type: 'handshake', gate: 'good', conn: 1, dir: 'down', status: 101, subprotocol: 'graphql-transport-ws' },
    ];
    expect(verdict('late-auth', story(12_500, [], [opening])).outcome).toBe('pass');
    expect(verdict('auth-window', story(3000, [], [opening])).outcome).toBe('skipped');
  });

  test('a server that is busy, or ends the good one too, shows nothing', () => {
    const busy = story(0, [], [], { status: 503 });
    expect(verdict('late-auth', busy).outcome).toBe('inconclusive');
    const all = story(3000, []).map(([t, event]): EventBodyAt => {
      return event.type === 'measure' && event.name === 'good' ? [t, { ...event, facts: { open: false } }] : [t, event];
    });
    expect(verdict('late-auth', all).outcome).toBe('inconclusive');
  });
});
