import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import check from './non-idempotent-retry.js';

const rpc = '/orders.Orders/Place';
const asks = (t: number, conn: number, hash: string, more: object = {}): EventBodyAt[] => [
  [t, { type: 'handshake', gate: 'victim', conn, dir: 'up', stream: t, rpc, ...more }],
  [t, { type: 'message', gate: 'victim', conn, dir: 'up', stream: t, opcode: 'binary', bytes: 9, hash }],
];
const cutAt = (t: number, conn: number): EventBodyAt => [
  t,
  { type: 'fault', fault: 'lost-answer', what: 'bite', who: 'l', facts: { conn, stream: t, rpc } },
];
const outcomeOf = (...more: EventBodyAt[]) =>
  judgeStory(check.value, [
    [0, { type: 'measure', name: 'unary method', facts: { rpc, idempotent: false } }],
    ...asks(1, 1, 'first'),
    ...more,
    [9000, { type: 'measure', name: 'asked', facts: { times: 3, exited: false } }],
  ]).outcome;

describe('a request whose answer was lost', () => {
  const lost = [...asks(11, 1, 'a'), cutAt(11, 1)];

  it('is not sent again where only others follow', () => {
    expect(outcomeOf(...lost, ...asks(21, 2, 'b'))).toBe('pass');
  });

  it('is sent twice where its message comes again', () => {
    expect(outcomeOf(...lost, ...asks(21, 2, 'a'))).toBe('fail');
  });

  it('may be sent again by a retry policy, which says so in its metadata', () => {
    const fields = { 'grpc-previous-rpc-attempts': { hash: 'one', length: 1, number: 1 } };
    expect(outcomeOf(...lost, ...asks(21, 2, 'a', { fields }))).toBe('pass');
  });

  it('may be sent again where the server says by GOAWAY that it has not seen it', () => {
    const away: EventBodyAt = [
      12,
      { type: 'frame', gate: 'victim', conn: 1, dir: 'down', frame: 'GOAWAY', stream: 0, code: 0, lastStream: 1 },
    ];
    expect(outcomeOf(...lost, away, ...asks(21, 2, 'a'))).toBe('pass');
  });

  it('may be sent again where the server has refused its stream', () => {
    const refused: EventBodyAt = [
      12,
      { type: 'frame', gate: 'victim', conn: 1, dir: 'down', frame: 'RST_STREAM', stream: 11, code: 7 },
    ];
    expect(outcomeOf(...lost, refused, ...asks(21, 2, 'a'))).toBe('pass');
  });

  it('cannot be told from the next one where all are alike', () => {
    expect(outcomeOf(...asks(5, 1, 'a'), ...lost, ...asks(21, 2, 'a'))).toBe('inconclusive');
  });

  it('shows nothing where no call follows', () => {
    expect(outcomeOf(...lost)).toBe('inconclusive');
  });
});

describe('requests that are all alike, one each second', () => {
  const calm = [1000, 2000, 3010, 4000, 5020].flatMap((t) => asks(t, 1, 'a'));
  const lostAt = (...times: number[]) => times.flatMap((t) => [...asks(t, 1, 'a'), cutAt(t, 1)]);

  it('are not sent again where each next one comes when it is due', () => {
    expect(outcomeOf(...calm, ...lostAt(6000, 7100, 8150), ...asks(9200, 2, 'a'))).toBe('pass');
  });

  it('are sent again where the next one comes at once', () => {
    expect(outcomeOf(...calm, ...lostAt(6000), ...lostAt(6020), ...lostAt(6060), ...asks(6100, 2, 'a'))).toBe('fail');
  });

  it('show nothing where the next one comes a little early', () => {
    expect(outcomeOf(...calm, ...lostAt(6000, 6700), ...asks(7400, 2, 'a'))).toBe('inconclusive');
  });
});
