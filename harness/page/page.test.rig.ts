import type { EventBody, HistoryEvent, Run } from '../contract.js';
import { aRun, aVerdict } from '../reporters/a-run.js';

/** What a target may try: markup, scripts, terminal commands, text that turns others around, a string that ends a script. */
export const HOSTILE =
  '"\'></script><script>window.obeyed = 1</script><img src=x onerror="window.obeyed=1"><!-- \u001b[31m \u202egnp.exe \ud800 \u0000 & ';

/** Literal events of one scenario, numbered in their order. */
export function aHistory(scenario: string, events: readonly (readonly [t: number, body: EventBody])[]): HistoryEvent[] {
  return events.map(([t, body], index) => ({ ...body, seq: index + 1, t, scenario }));
}

/** One client process that is cut at 2 s, refused twice and back at 8 s; each name and text is the target's own. */
export function aCut(text: string): HistoryEvent[] {
  const connection = (conn: number, what: 'start' | 'first-bytes'): EventBody => ({
    type: 'connection',
    gate: text,
    conn,
    what,
  });
  const end = (conn: number, downBytes: number): EventBody => ({
    type: 'connection',
    gate: text,
    conn,
    what: 'end',
    by: 'gate',
    how: 'RST',
    upBytes: 90,
    downBytes,
  });
  const message = (n: number): EventBody => ({
    type: 'message',
    gate: text,
    conn: 1,
    dir: 'down',
    opcode: 'text',
    bytes: 100,
    hash: `m${n}`,
  });
  return aHistory('outage', [
    [0, { type: 'process', process: text, what: 'spawn', pid: 7 }],
    [100, { type: 'phase', phase: 'baseline' }],
    [200, connection(1, 'start')],
    [201, connection(1, 'first-bytes')],
    [210, { type: 'handshake', gate: text, conn: 1, dir: 'down', status: 101, headers: { server: text } }],
    ...Array.from({ length: 20 }, (_, n) => [300 + n * 50, message(n)] as const),
    [2000, { type: 'phase', phase: 'fault', label: text }],
    [2000, { type: 'fault', fault: 'refuse', what: 'inject', who: 'refuse-1', facts: { gate: text, note: text } }],
    [2001, { type: 'fault', fault: 'reset', what: 'inject', who: 'reset-1', facts: {} }],
    [2002, end(1, 2100)],
    [2003, { type: 'fault', fault: 'reset', what: 'bite', who: 'reset-1', facts: { connections: 1 } }],
    [3000, connection(2, 'start')],
    [3050, end(2, 0)],
    [5000, connection(3, 'start')],
    [5040, end(3, 0)],
    [6000, { type: 'fault', fault: 'refuse', what: 'heal', who: 'refuse-1', facts: {} }],
    [6500, { type: 'memory', process: text, rssBytes: 50 * 1024 * 1024 }],
    [7000, { type: 'memory', process: text, rssBytes: 60 * 1024 * 1024 }],
    [8000, connection(4, 'start')],
    [8010, { type: 'handshake', gate: text, conn: 4, dir: 'down', status: 101 }],
    [9000, { type: 'obstacle', code: 'NOTE', text }],
    [9500, { type: 'fault', fault: 'reset', what: 'heal', who: 'reset-1', facts: {} }],
  ]);
}

/** A run on that history whose every text is the target's own. */
export function aHostileRun(text: string): Run {
  const verdict = aVerdict({
    check: 'websocket/fixed-retry',
    role: 'client',
    outcome: 'fail',
    scenario: 'outage',
    title: `MUST not obey ${text}`,
    expected: text,
    actual: text,
    reason: text,
    fix: text,
    measured: { attempts: 2, [text]: text },
    because: [30, 31, 33],
  });
  const run = aRun([verdict, aVerdict(), aVerdict({ outcome: 'skipped', reason: text })], {
    replay: `holdfast check --server ${text}`,
    startedAt: text,
  });
  return { ...run, target: { ...run.target, name: text, client: { command: text, pressureEnv: {} } } };
}

/** So many sessions that come in one instant, are cut in one, and are back within seconds; each at a gate of its own where asked. */
export function aStorm(connections: number, gateOf: (n: number) => string = () => 'storm'): HistoryEvent[] {
  const events: (readonly [number, EventBody])[] = [];
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < connections; n++) {
      const conn = round * connections + n + 1;
      const from = 1000 + round * 20_000 + n / 10;
      const gate = gateOf(n);
      events.push(
        [from, { type: 'connection', gate, conn, what: 'start' }],
        [from + 1, { type: 'connection', gate, conn, what: 'first-bytes' }],
        [from + 5, { type: 'session', name: `storm-${n}`, what: 'open', status: 101, tookMs: 5 }],
        [from + 7, { type: 'message', gate, conn, dir: 'down', opcode: 'text', bytes: 80, hash: `m${conn}` }],
        [
          20_000 + round * 20_000,
          { type: 'connection', gate, conn, what: 'end', by: 'gate', how: 'RST', upBytes: 200, downBytes: 400 },
        ],
      );
    }
  }
  return aHistory(
    'storm',
    events.sort(([a], [b]) => a - b),
  );
}

export function aStormRun(): Run {
  return aRun([
    aVerdict({
      check: 'websocket/storm-collapse',
      scenario: 'storm',
      outcome: 'fail',
      antiPattern: 3,
      because: [1, 2, 3],
    }),
  ]);
}
