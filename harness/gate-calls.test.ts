import type { EventBody, EventBodyAt } from './contract.js';
import { callsAgain, GateCalls, heldAt } from './gate-calls.js';
import { viewOf } from './history.js';
import { tell } from './story.js';

const WATCH = '/feed.Feed/Watch';
const gate = 'victim';
const begin = (t: number, conn: number, stream: number, rpc = WATCH): EventBodyAt[] => [
  [t, { type: 'handshake', gate, conn, dir: 'up', stream, rpc }],
  [t + 5, { type: 'handshake', gate, conn, dir: 'down', stream, status: 200, opens: true }],
];
const reset = (t: number, conn: number): EventBodyAt => [
  t,
  { type: 'connection', gate, conn, what: 'end', by: 'gate', how: 'RST', upBytes: 9, downBytes: 9 },
];
const refused = (t: number, conn: number, stream: number, rpc = WATCH): EventBodyAt[] => [
  [t, { type: 'handshake', gate, conn, dir: 'up', stream, rpc }],
  [t + 5, { type: 'handshake', gate, conn, dir: 'down', stream, status: 200 }],
  [t + 5, { type: 'trailers', gate, conn, stream, grpcStatus: 16 }],
];
const again = (...events: EventBodyAt[]) =>
  callsAgain(viewOf(tell(events.sort((a, b) => a[0] - b[0]))), gate, { from: 10_000, to: 60_000 });

describe('calls that are made again', () => {
  it('are those of the method that was held, not the questions beside it', () => {
    const questions = [12_000, 13_000, 14_000].flatMap((t) => refused(t, 2, t, '/feed.Feed/Ask'));
    const found = again(...begin(1, 1, 1), reset(10_000, 1), ...refused(11_000, 2, 1), ...questions);
    expect(found?.attempts.map(({ startAt, endAt }) => [startAt, endAt])).toEqual([[11_000, 11_005]]);
  });

  it('are one attempt where they come together', () => {
    const found = again(...begin(1, 1, 1), reset(10_000, 1), ...refused(11_000, 2, 1), ...refused(11_050, 2, 3));
    expect(found?.attempts).toHaveLength(1);
  });

  it('are told with the number of calls that come back for themselves', () => {
    expect(again(...begin(1, 1, 1), ...begin(2, 1, 3), reset(10_000, 1))?.held).toBe(2);
  });

  it('are none where no call was open', () => {
    expect(
      again(...begin(1, 1, 1), [500, { type: 'trailers', gate, conn: 1, stream: 1, grpcStatus: 0 }]),
    ).toBeUndefined();
  });
});

describe('the end of a call', () => {
  const endOf = (...events: EventBodyAt[]) => {
    const calls = new GateCalls<EventBody>();
    for (const [t, event] of [...begin(1, 1, 1), ...events]) calls.take(event, t);
    return calls.all[0]?.end;
  };

  it.each<[string, EventBody, string]>([
    ['is its status', { type: 'trailers', gate, conn: 1, stream: 1, grpcStatus: 14 }, 'server status 14'],
    [
      'is a reset of its stream, by whom it came',
      { type: 'frame', gate, conn: 1, dir: 'up', frame: 'RST_STREAM', stream: 1, code: 8 },
      'client RST_STREAM 8',
    ],
    ['is that of its connection', reset(9, 1)[1], 'gate RST'],
  ])('%s', (_title, event, expected) => {
    const end = endOf([2000, event]);
    expect(`${end?.by} ${end?.how}`).toBe(expected);
  });

  it('is the status of a page that is none of gRPC', () => {
    const calls = new GateCalls<EventBody>();
    calls.take({ type: 'handshake', gate, conn: 1, dir: 'up', stream: 1, rpc: WATCH }, 1);
    calls.take({ type: 'handshake', gate, conn: 1, dir: 'down', stream: 1, status: 504 }, 2);
    calls.take({ type: 'trailers', gate, conn: 1, stream: 1 }, 3);
    expect(calls.all[0]?.end?.how).toBe('HTTP 504');
  });

  it('ends what was held until then', () => {
    const calls = new GateCalls<EventBody>();
    for (const [t, event] of [...begin(1, 1, 1), reset(5000, 1)]) calls.take(event, t);
    expect(
      [heldAt(calls.all, 500), heldAt(calls.all, 4000), heldAt(calls.all, 6000)].map(({ length }) => length),
    ).toEqual([0, 1, 0]);
  });

  it('is nothing of what libraries ask for themselves', () => {
    const calls = new GateCalls<EventBody>();
    for (const [t, event] of begin(1, 1, 1, '/grpc.health.v1.Health/Watch')) calls.take(event, t);
    expect(calls.all).toEqual([]);
  });
});
