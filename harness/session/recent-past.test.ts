import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../catalog.js';
import type { EventBodyAt, HistoryEvent, Target } from '../contract.js';
import { readHistory } from '../history.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from '../story.js';
import { SESSION } from './names.js';
import { LET_GO, RecentPast } from './recent-past.js';
import { sessionHistory } from './session-history.js';
import { judgeSession } from './verdicts.js';

const about = (conn: number) => ({ type: 'connection', gate: SESSION, conn }) as const;
const end = { what: 'end', by: 'client', how: 'FIN', upBytes: 1, downBytes: 1 } as const;
const fault = (what: 'inject' | 'bite' | 'heal', who: string) =>
  ({ type: 'fault', fault: 'reset', what, who, facts: {} }) as const;
const served = (conn: number) => ({ type: 'handshake', gate: SESSION, conn, dir: 'down', status: 101 }) as const;

/** A client that comes and leaves, again and again, in a millisecond each. */
function visits(fromT: number, fromConn: number, count: number): EventBodyAt[] {
  return Array.from({ length: count }, (_, i): EventBodyAt[] => [
    [fromT + i, { ...about(fromConn + i), what: 'start' }],
    [fromT + i + 0.5, { ...about(fromConn + i), ...end }],
  ]).flat();
}

function pastOf(story: readonly EventBodyAt[], most: number): RecentPast {
  const past = new RecentPast(most);
  for (const event of tell(story, SESSION)) past.take(event);
  return past;
}

describe('the past of a session', () => {
  it('is bounded, however often clients come and leave, and knows who stayed and what is in force', () => {
    const past = new RecentPast();
    let seq = 0;
    const take = (t: number, body: EventBodyAt[1]) => past.take({ seq: ++seq, t, scenario: SESSION, ...body });
    take(0, { ...about(1), what: 'start' });
    take(1, served(1));
    take(2, fault('inject', 'in force'));
    let most = 0;
    for (let conn = 2; conn < 300_000; conn++) {
      take(conn, { ...about(conn), what: 'start' });
      take(conn, { ...about(conn), ...end });
      if (conn % 10_000 === 0) most = Math.max(most, past.events.length);
    }
    expect(most).toBeGreaterThan(200_000);
    expect(most).toBeLessThan(251_000);
    const session = sessionHistory(past.events, false);
    expect(session.connections[0]).toMatchObject({ conn: 1, startT: 0, servedT: 1, end: undefined });
    expect(session.injections).toMatchObject([{ who: 'in force', fromT: 2, toT: Number.POSITIVE_INFINITY }]);
    expect(session.readable).toEqual([]);
    expect(session.wholeFromT).toBeGreaterThan(150_000);
    expect(session.of('obstacle').map(({ code }) => code)).toEqual([LET_GO]);
  });

  it('does not grow by faults that are healed, and keeps what was done for a scenario file', () => {
    const acts = Array.from({ length: 30_000 }, (_, i): EventBodyAt[] => [
      [i, fault('inject', `reset-${i}`)],
      [i, fault('bite', `reset-${i}`)],
      [i, fault('heal', `reset-${i}`)],
    ]).flat();
    const act: EventBodyAt = [0, { type: 'measure', name: 'act', facts: { act: 1 } }];
    const { events } = pastOf([act, ...acts, ...visits(30_000, 1, 1000)], 500);
    expect(events.length).toBeLessThan(12_000);
    expect(events.filter(({ type }) => type === 'measure')).toHaveLength(1);
  });

  it('is read from disk with the same bound', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-past-'));
    try {
      const file = join(folder, 'history.jsonl');
      const lines = tell(visits(0, 1, 126_000), SESSION).map((event) => JSON.stringify(event));
      writeFileSync(file, `${lines.join('\n')}\n`);
      const events = (await readHistory(file)).get(SESSION) ?? [];
      expect(events.length).toBeLessThan(251_000);
      expect(events.at(-1)?.seq).toBe(252_000);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

describe('a session of whose past not all is kept', () => {
  const catalog = loadCatalog();
  const theirs: Target = { ...STORY_TARGET, roles: ['server', 'client'] };
  const outcome = (check: string, events: readonly HistoryEvent[], target = theirs) => {
    const verdict = judgeSession(events, target, STORY_OPTIONS, catalog).find(
      (one) => one.check === `websocket/${check}`,
    );
    return `${verdict?.outcome}: ${verdict?.reason ?? verdict?.actual}`;
  };
  /** Frozen for 91 s after 20 s of peace, and let go of by the server after `releasedMs`, or never. */
  const frozen = (fromT: number, conn: number, releasedMs?: number): EventBodyAt[] => [
    [fromT - 20_000, { ...about(conn), what: 'start' }],
    [fromT - 19_995, served(conn)],
    [fromT, { type: 'fault', fault: 'freeze', what: 'inject', who: `freeze-${conn}`, facts: { conn } }],
    [
      fromT + 5000,
      {
        ...{ type: 'fault', fault: 'freeze', what: 'bite', who: `freeze-${conn}` },
        facts: { conn, withheldUpBytes: 9, withheldDownBytes: 9 },
      },
    ],
    ...(releasedMs === undefined
      ? [
          [
            fromT + 90_500,
            { type: 'measure', name: 'held', facts: { conn, serverKeepalive: false, clientKeepalive: false } },
          ] as const,
        ]
      : [[fromT + releasedMs, { ...about(conn), ...end, by: 'server' }] as const]),
    [fromT + 91_000, { type: 'fault', fault: 'freeze', what: 'heal', who: `freeze-${conn}`, facts: {} }],
  ];
  const told = (...story: readonly EventBodyAt[]) => pastOf(story, 100).events;
  const storm = (fromT: number) => visits(fromT, 1000, 400);

  it('passes nothing, since it may have failed before', () => {
    const since = frozen(30_000, 1, 60_000);
    expect(outcome('leaked-session', told(...since))).toMatch(/^pass/);
    expect(outcome('leaked-session', told(...storm(0), ...since))).toMatch(
      /^inconclusive: more came than is kept in memory: what was before \d+ s after its begin is on disk alone/,
    );
  });

  it('fails what has failed since', () => {
    expect(outcome('leaked-session', told(...frozen(30_000, 1)))).toMatch(/^fail/);
    expect(outcome('leaked-session', told(...storm(0), ...frozen(30_000, 1)))).toMatch(/^fail/);
  });

  it('says of what was tried before, or never, that it is not known, and how to show it', () => {
    const unsure = /^inconclusive: more came .*; since then it needs that you freeze a connection/;
    expect(outcome('leaked-session', told(...frozen(30_000, 1), ...storm(200_000)))).toMatch(unsure);
    expect(outcome('leaked-session', told(...storm(0)))).toMatch(unsure);
    expect(outcome('no-jitter', told(...storm(0)))).toMatch(/^skipped: a session by hand cannot show it/);
  });

  it('does not take for silence what is not kept of one who was there before', () => {
    const steady = Array.from(
      { length: 900 },
      (_, i): EventBodyAt => [
        1000 + i * 100,
        {
          ...{ type: 'message', gate: SESSION, conn: 1, dir: 'down', opcode: 'text' },
          bytes: 1,
          hash: 'h',
          form: 'json',
        },
      ],
    );
    const there: EventBodyAt[] = [
      [0, { ...about(1), what: 'start' }],
      [5, served(1)],
    ];
    const now: EventBodyAt = [300_000, { type: 'loop', who: SESSION, p99Ms: 1, maxMs: 1 }];
    expect(outcome('no-heartbeat', told(...there, ...steady, now))).toMatch(/^inconclusive/);
  });
});
