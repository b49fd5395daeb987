import { loadCatalog } from '../../harness/catalog.js';
import type { EventBody, EventBodyAt, Target } from '../../harness/contract.js';
import { judgeSession } from '../../harness/session/verdicts.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from '../../harness/story.js';

const theirs: Target = { ...STORY_TARGET, roles: ['server', 'client'] };
const { client: _, ...unknownClients } = theirs;

function outcome(check: string, events: readonly EventBodyAt[], target: Target = unknownClients): string {
  const sorted = events.toSorted((a, b) => a[0] - b[0]);
  const verdicts = judgeSession(tell(sorted, 'session'), target, STORY_OPTIONS, loadCatalog());
  const verdict = verdicts.find((one) => one.check === `websocket/${check}`);
  return `${verdict?.outcome}: ${verdict?.reason ?? verdict?.actual}`;
}

const connection = (
  conn: number,
  startT: number,
  end?: { t: number; by: 'client' | 'server' | 'gate'; how?: 'FIN' | 'RST' },
): EventBodyAt[] => {
  const about = { type: 'connection', gate: 'session', conn } as const;
  return [
    [startT, { ...about, what: 'start' }],
    [startT + 5, { type: 'handshake', gate: 'session', conn, dir: 'down', status: 101 }],
    ...(end
      ? [[end.t, { ...about, what: 'end', by: end.by, how: end.how ?? 'FIN', upBytes: 9, downBytes: 9 }] as const]
      : []),
  ];
};
const fault = (
  name: string,
  fromT: number,
  toT?: number,
  facts: { [name: string]: number } = {},
  count = 1,
): EventBodyAt[] => {
  const event = (what: 'inject' | 'bite' | 'heal') =>
    ({ type: 'fault', fault: name, what, who: `${name}-${count}`, facts }) as const;
  return [
    [fromT, event('inject')],
    [fromT + 1, event('bite')],
    ...(toT === undefined ? [] : [[toT, event('heal')] as const]),
  ];
};
const message = (
  t: number,
  conn: number,
  dir: 'up' | 'down',
  more: Partial<Extract<EventBody, { type: 'message' }>> = {},
): EventBodyAt => [
  t,
  { type: 'message', gate: 'session', conn, dir, opcode: 'text', bytes: 9, hash: 'h', form: 'json', ...more },
];
const now = (t: number): EventBodyAt => [t, { type: 'loop', who: 'session', p99Ms: 1, maxMs: 1 }];
const held = (t: number, conn: number): EventBodyAt => [
  t,
  { type: 'measure', name: 'held', facts: { conn, serverKeepalive: false, clientKeepalive: false } },
];

describe('a session by hand, read by the checks', () => {
  it('says of what was not done that it was not, and of what no hand can show who can', () => {
    expect(outcome('no-reconnect', [now(1000)])).toMatch(/^skipped: needs that you cut the one client/);
    expect(outcome('no-jitter', [now(1000)])).toBe('skipped: a session by hand cannot show it: needs holdfast check');
  });

  it('is inconclusive, done again, where it does not show what it had shown', () => {
    const replay = {
      schema: 'holdfast.scenario/1',
      about: '',
      protocol: 'websocket',
      seed: 1,
      connections: 1,
      lengthMs: 1,
      steps: [],
    } as const;
    const again = { ...theirs, replay: { ...replay, judged: ['websocket/no-reconnect'] } };
    expect(outcome('no-reconnect', [now(1000)], again)).toBe('inconclusive: the scenario reconnect left no events');
    expect(outcome('hung-handshake', [now(1000)], again)).toMatch(/^skipped/);
    const { client: __, ...alone } = again;
    expect(outcome('no-reconnect', [now(1000)], alone)).toMatch(/^skipped: needs --client/);
  });

  describe('no-reconnect', () => {
    const cut = [...connection(1, 0, { t: 20_001, by: 'gate', how: 'RST' }), ...fault('reset', 20_000, 20_010)];
    it('sees who came back after each of four ends, and tells after fewer how many they were', () => {
      expect(outcome('no-reconnect', [...cut, ...connection(2, 21_000), now(30_000)])).toBe(
        'inconclusive: only 1 of 4 ends could be tried',
      );
    });
    it('passes who came back after all four, of which one is a restart of the server, or a port closed under a cut', () => {
      const others = [
        ...connection(2, 21_000, { t: 40_001, by: 'gate' }),
        ...fault('end', 40_000, 40_010),
        ...connection(3, 41_000, { t: 60_001, by: 'server' }),
        ...connection(4, 65_000, { t: 80_001, by: 'gate', how: 'RST' }),
        ...fault('edge-outage', 80_000, 100_000),
        ...connection(5, 101_000),
        now(120_000),
      ];
      const outcomeOf = (...restart: readonly EventBodyAt[]) =>
        outcome('no-reconnect', [...cut, ...others, ...restart]);
      expect(outcomeOf(...fault('restart', 60_000, 62_000))).toMatch(/^pass/);
      const again = fault('reset', 60_500, 60_510, {}, 2);
      expect(outcomeOf(...fault('closed-port', 60_000, 64_000), ...again)).toMatch(/^pass/);
      expect(outcomeOf(...fault('closed-port', 60_000, 64_000))).toMatch(/only 3 of 4/);
      expect(outcomeOf(...fault('restart', 60_000, 67_000))).toMatch(/only 3 of 4/);
    });
    it('holds it against a client of ours that it stays away, and not against one that may have been closed', () => {
      expect(outcome('no-reconnect', [...cut, now(90_000)], theirs)).toMatch(/^fail: not back within/);
      expect(outcome('no-reconnect', [...cut, now(90_000)])).toMatch(/^skipped/);
    });
    it('reads nothing where two clients were there, or where something else was in force', () => {
      expect(outcome('no-reconnect', [...cut, ...connection(9, 100), now(90_000)], theirs)).toMatch(/^skipped/);
      expect(outcome('no-reconnect', [...cut, ...fault('latency', 15_000), now(90_000)], theirs)).toMatch(/^skipped/);
      expect(outcome('no-reconnect', [...cut, ...fault('refuse', 20_500), now(90_000)], theirs)).toMatch(/^skipped/);
    });
  });

  describe('leaked-session and silent-disconnect', () => {
    const freeze = fault('freeze', 20_000, undefined, { conn: 1, withheldUpBytes: 9 });
    it('see a server that lets go, and one that holds the dead session for 90 s', () => {
      expect(
        outcome('leaked-session', [...connection(1, 0, { t: 50_000, by: 'server' }), ...freeze, now(51_000)]),
      ).toMatch(/^pass: let go after 30/);
      expect(outcome('leaked-session', [...connection(1, 0), ...freeze, held(110_500, 1), now(111_000)])).toMatch(
        /^fail: still held/,
      );
    });
    it('say nothing before 90 s are over, or when the freeze was healed before', () => {
      expect(outcome('leaked-session', [...connection(1, 0), ...freeze, now(80_000)])).toMatch(/^skipped/);
      const healed = fault('freeze', 20_000, 60_000, { conn: 1 });
      expect(outcome('leaked-session', [...connection(1, 0), ...healed, held(110_500, 1), now(120_000)])).toMatch(
        /^skipped/,
      );
    });
    it('see a client that leaves a dead link and comes back, and one that clings to it', () => {
      const back = [...connection(1, 0, { t: 55_000, by: 'client' }), ...freeze, ...connection(2, 55_100), now(60_000)];
      expect(outcome('silent-disconnect', back)).toMatch(/^pass: noticed after 35/);
      expect(outcome('silent-disconnect', [...connection(1, 0), ...freeze, held(110_500, 1), now(111_000)])).toMatch(
        /^fail: did not notice/,
      );
    });
    it('take nobody who comes beside a dead link for the client that still holds it', () => {
      const beside = [...connection(1, 0), ...freeze, ...connection(2, 40_000), held(110_500, 1), now(111_000)];
      expect(outcome('silent-disconnect', beside)).toMatch(/^skipped/);
    });
  });

  it('hung-handshake sees who gives an attempt up and tries again, and who waits for ever', () => {
    const cut = [
      ...connection(1, 0, { t: 20_500, by: 'gate', how: 'RST' }),
      ...fault('hung-handshake', 20_000),
      ...fault('reset', 20_500, 20_510),
    ];
    const start = (conn: number, t: number): EventBodyAt => [
      t,
      { type: 'connection', gate: 'session', conn, what: 'start' },
    ];
    const left: EventBodyAt = [
      31_000,
      { type: 'connection', gate: 'session', conn: 2, what: 'end', by: 'client', how: 'FIN', upBytes: 9, downBytes: 0 },
    ];
    expect(outcome('hung-handshake', [...cut, start(2, 21_000), left, start(3, 33_000), now(40_000)])).toMatch(
      /^pass: gave up after 10/,
    );
    expect(outcome('hung-handshake', [...cut, start(2, 21_000), now(90_000)])).toMatch(/^fail: still waited/);
    expect(outcome('hung-handshake', [...cut, start(2, 21_000), left, now(90_000)])).toMatch(/^skipped/);
  });

  it('abrupt-shutdown and hung-shutdown see how the server left', () => {
    const gone: EventBodyAt = [
      21_000,
      { type: 'measure', name: 'gone', facts: { exitMs: 1000, ownChild: true, exitCode: 0, signal: null } },
    ];
    const stop = [...connection(1, 0, { t: 20_500, by: 'server' }), ...fault('stop', 20_000, 20_001), gone];
    const polite = [...stop, message(20_400, 1, 'down', { opcode: 'close', closeCode: 1001 })];
    expect(outcome('abrupt-shutdown', polite)).toMatch(/^pass: all 1 clients got a close frame \(1001\)/);
    expect(outcome('abrupt-shutdown', stop)).toMatch(/^fail: 1 of 1 clients got a bare FIN/);
    expect(outcome('hung-shutdown', polite)).toMatch(/^pass: gone after 1/);
    expect(outcome('abrupt-shutdown', [...stop, ...fault('freeze', 19_000, undefined, { conn: 1 })])).toMatch(
      /^skipped/,
    );
  });

  it('no-heartbeat sees the rhythm of a server on a connection whose client says nothing, and only there', () => {
    const pings = [20, 40, 60, 80].map((s) => message(s * 1000, 1, 'down', { opcode: 'ping' }));
    expect(outcome('no-heartbeat', [...connection(1, 0), ...pings, now(85_000)])).toMatch(
      /^pass: a ping at least every 20/,
    );
    expect(outcome('no-heartbeat', [...connection(1, 0), now(80_000)])).toMatch(
      /^fail: the server sent nothing at all/,
    );
    expect(outcome('no-heartbeat', [...connection(1, 0), now(60_000)])).toMatch(/^skipped/);
    expect(outcome('no-heartbeat', [...connection(1, 0), message(40_000, 1, 'up'), now(80_000)])).toMatch(/^skipped/);
    expect(outcome('no-heartbeat', [...connection(1, 0), ...fault('latency', 30_000), now(80_000)])).toMatch(
      /^skipped/,
    );
  });
});
