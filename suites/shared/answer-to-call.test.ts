import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory, STORY_TARGET } from '../../harness/story.js';

const { checks } = loadCatalog();
const AUTH = { in: 'header', name: 'authorization', value: 't' } as const;
const [OK, UNAUTHENTICATED, UNAVAILABLE] = [0, 16, 14];

function verdict(id: string, events: readonly EventBodyAt[]) {
  const check = checks.find((one) => one.id === `grpc/${id}`);
  if (!check) throw new Error(`no check ${id}`);
  return judgeStory(check, events, { ...STORY_TARGET, protocol: 'grpc', auth: AUTH });
}

const answer = { conn: 1, dir: 'down', stream: 1 } as const;
const says = (gate: string, text: string) =>
  ({
    type: 'message',
    gate,
    ...answer,
    opcode: 'binary',
    bytes: 9,
    hash: text,
    form: 'json',
    fields: { '/text': { hash: text, length: text.length } },
  }) as const;

/** A stranger whose call was seen as open at 2 s; its head, if any, came at `headAt`, its status at `endAt`. */
function call(
  { headAt, endAt, status }: { headAt?: number; endAt?: number; status?: number },
  more: readonly EventBodyAt[] = [],
  { pattern = 'server-streaming', openMs = 12_500 } = {},
): EventBodyAt[] {
  const facts = { name: 'silent', status: 200, openMs, ended: openMs < 12_000, closeCode: null };
  const head: EventBodyAt[] = [
    [headAt ?? endAt ?? 0, { type: 'handshake', gate: 'silent', ...answer, status: 200, opens: headAt !== undefined }],
  ];
  const end: EventBodyAt[] =
    endAt === undefined || status === undefined
      ? []
      : [[endAt, { type: 'trailers', gate: 'silent', conn: 1, stream: 1, grpcStatus: status }]];
  return [
    [0, { type: 'measure', name: 'workload', facts: { pattern } }],
    [2000, { type: 'session', name: 'silent', what: 'open', status: 200 }],
    [2000, { type: 'fault', fault: 'bad-credentials', what: 'bite', who: 'silent', facts: { status: 200 } }],
    ...(headAt === undefined && endAt === undefined ? [] : head),
    ...more,
    ...end,
    [15_000, { type: 'measure', name: 'stranger', facts: { ...facts, echoed: false, broadcast: false } }],
    [15_000, { type: 'measure', name: 'good', facts: { open: true } }],
  ];
}

describe('a gRPC call without a credential', () => {
  test('is refused at once by a status without a head, however late that comes', () => {
    const refused = call({ endAt: 4000, status: UNAUTHENTICATED });
    expect(verdict('auth-window', refused)).toMatchObject({
      outcome: 'pass',
      actual: 'refused at once (UNAUTHENTICATED)',
    });
    expect(verdict('late-auth', refused).outcome).toBe('pass');
  });

  test('is refused at once by a head with its status right behind it', () => {
    expect(verdict('auth-window', call({ headAt: 2010, endAt: 2015, status: UNAUTHENTICATED })).outcome).toBe('pass');
  });

  test('was taken where the status comes long after the head', () => {
    const late = call({ headAt: 2010, endAt: 5000, status: UNAUTHENTICATED }, [], { openMs: 3000 });
    expect(verdict('auth-window', late).outcome).toBe('fail');
    expect(verdict('late-auth', late)).toMatchObject({ outcome: 'pass', measured: { handshakeStatus: 401 } });
  });

  test('was taken where no status comes at all', () => {
    expect(verdict('late-auth', call({})).outcome).toBe('fail');
  });

  test('is not known to be refused for its credential where the server is too busy', () => {
    expect(verdict('late-auth', call({ endAt: 2010, status: UNAVAILABLE })).outcome).toBe('inconclusive');
  });
});

describe('a unary call without a credential', () => {
  const unary = { pattern: 'unary' };

  test('was obeyed where it is answered as the good one is', () => {
    const answers: EventBodyAt[] = [
      [1000, says('good', 'hello')],
      [2011, says('silent', 'hello, stranger')],
    ];
    const events = call({ headAt: 2010, endAt: 2012, status: OK }, answers, unary);
    expect(verdict('late-auth', events)).toMatchObject({ outcome: 'fail', measured: { deliveredBefore: 1 } });
  });

  test('is refused by its status, though its connection stays open', () => {
    expect(verdict('late-auth', call({ endAt: 3000, status: UNAUTHENTICATED }, [], unary)).outcome).toBe('pass');
  });
});
