import type { EventBody, HistoryEvent } from '../contract.js';
import { aRun, aVerdict } from './a-run.js';
import { renderTrace } from './trace.js';

/** A run of one second in the scenario `idle`, and of one event in `storm`. */
function aHistory(): HistoryEvent[] {
  const bodies: readonly (readonly [number, EventBody])[] = [
    [0, { type: 'phase', phase: 'baseline' }],
    [1, { type: 'process', process: 'server-1', what: 'spawn', pid: 7 }],
    [10, { type: 'connection', gate: 'near', conn: 1, what: 'start' }],
    [12, { type: 'handshake', gate: 'near', conn: 1, dir: 'down', status: 101 }],
    [20, { type: 'session', name: 'victim\u001b', what: 'open', tookMs: 10 }],
    [30, { type: 'message', gate: 'near', conn: 1, dir: 'down', opcode: 'text', bytes: 20, hash: 'x' }],
    [40, { type: 'phase', phase: 'fault', label: 'cut' }],
    [41, { type: 'fault', fault: 'reset', who: 'reset-1', what: 'inject', facts: {} }],
    [42, { type: 'fault', fault: 'reset', who: 'reset-1', what: 'bite', facts: { cut: 1 } }],
    [50, { type: 'connection', gate: 'near', conn: 2, what: 'start' }],
    [60, { type: 'connection', gate: 'near', conn: 1, what: 'end', by: 'gate', how: 'RST', upBytes: 1, downBytes: 20 }],
    [61, { type: 'fault', fault: 'reset', who: 'reset-1', what: 'heal', facts: {} }],
    [70, { type: 'memory', process: 'server-1', rssBytes: 1024 * 1024 }],
    [80, { type: 'obstacle', code: 'X', text: 'said "</script>\u0000"' }],
    [90, { type: 'process', process: 'server-1', what: 'exit', code: 0 }],
    [1000, { type: 'phase', phase: 'done' }],
  ];
  const idle = bodies.map(([t, body], i): HistoryEvent => ({ ...body, seq: i + 1, t, scenario: 'idle' }));
  return [...idle, { type: 'phase', phase: 'baseline', seq: 99, t: 5, scenario: 'storm' }];
}

interface Traced {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: string;
  readonly args?: Record<string, unknown>;
}

describe('the trace', () => {
  const run = aRun([aVerdict({ outcome: 'fail', because: [11] }), aVerdict({ check: 'websocket/x', because: [11] })]);
  const { traceEvents } = JSON.parse(renderTrace(run, aHistory())) as { traceEvents: Traced[] };
  const named = (name: string) => traceEvents.filter((event) => event.name === name);

  it('has a process for each scenario', () => {
    expect(named('process_name').map(({ pid, args }) => [pid, args?.name])).toEqual([
      [1, 'idle'],
      [2, 'storm'],
    ]);
  });

  it('ends each span that it begins, within its process, with times that never run backwards', () => {
    const open = new Map<string, number>();
    for (const { ph, id = '', pid, ts } of traceEvents) {
      const key = `${pid} ${id}`;
      if (ph === 'b') open.set(key, ts);
      if (ph === 'n' || ph === 'e') expect(ts).toBeGreaterThanOrEqual(open.get(key) ?? Number.POSITIVE_INFINITY);
      if (ph === 'e') open.delete(key);
    }
    expect(open.size).toBe(0);
  });

  it('shows phases, connections, faults with their bite, and programs', () => {
    expect(named('baseline')[0]).toMatchObject({ ph: 'X', ts: 0, dur: 40_000 });
    expect(named('fault cut')[0]).toMatchObject({ ph: 'X', ts: 40_000, dur: 960_000 });
    expect(named('connection at near').map(({ ph, ts, args }) => [ph, ts, args?.how ?? null])).toEqual([
      ['b', 10_000, null],
      ['b', 50_000, null],
      ['e', 60_000, 'RST'],
      ['e', 1_000_000, null],
    ]);
    expect(named('bite of reset')[0]).toMatchObject({ ph: 'i', args: { cut: 1 } });
    expect(named('down handshake 101')).toHaveLength(1);
    expect(named('memory of server-1')[0]).toMatchObject({ ph: 'C', args: { MiB: 1 } });
    expect(named('server-1').map(({ ph }) => ph)).toEqual(['b', 'e']);
  });

  it('marks the events that a verdict which needs attention rests on', () => {
    expect(traceEvents.filter(({ ph, tid }) => ph === 'i' && tid === 2)).toEqual([
      expect.objectContaining({ name: 'fail websocket/no-heartbeat', ts: 60_000 }),
    ]);
  });

  it('shows control characters that a target said instead of obeying them', () => {
    expect(named('session victim\\e')).toHaveLength(2);
    expect(named('obstacle X')[0]?.args?.text).toBe('said "</script>\\x00"');
  });
});
