import { loadCatalog } from '../../harness/catalog.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import { familiesOf } from './metric-evidence.js';

test.each([
  ['websocket_active_connections', ['connection']],
  ['ws_messages_sent_total', ['message']],
  ['ws_message_duration_seconds_sum', ['latency', 'message']],
  ['socket_io_connected', ['connection']],
  ['process_resident_memory_bytes', ['resource']],
  ['nodejs_eventloop_lag_seconds', ['resource']],
  ['go_gc_duration_seconds_sum', ['resource']],
  ['process_start_time_seconds', ['resource']],
  ['app_uptime_seconds', []],
  ['feed_connections_created', ['connection']],
  ['grpc_server_started_total', ['connection']],
  ['grpc_server_msg_sent_total', ['message']],
  ['rpc_active_calls', ['connection']],
])('%s is about %j', (name, families) => {
  expect(familiesOf(name)).toEqual(families);
});

type Steps = readonly [before: number, open: number, back: number, after: number];

function verdict(series: readonly (readonly [name: string, type: string, steps: Steps])[]) {
  const check = loadCatalog().checks.find(({ id }) => id === 'websocket/lying-metrics');
  if (!check) throw new Error('no check');
  const events = [
    [1, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: {} }],
    ...series.flatMap(([name, type, steps], index) =>
      ['before', 'open', 'back', 'after'].map((when, step) => [
        2,
        {
          type: 'measure',
          name: 'metric',
          facts: { when, name, type, series: `${name} ${index}`, value: steps[step] },
        },
      ]),
    ),
    [9, { type: 'measure', name: 'sessions', facts: { opened: 100, back: 100, resumed: false, accepted: 200 } }],
  ] as EventBodyAt[];
  return judgeStory(check, events).outcome;
}

describe('lying-metrics', () => {
  test.each<[string, Parameters<typeof verdict>[0], string]>([
    ['an honest gauge', [['ws_connections', 'gauge', [0, 100, 100, 0]]], 'pass'],
    ['a gauge that keeps the dead', [['ws_connections', 'gauge', [0, 100, 200, 100]]], 'fail'],
    ['a gauge that never moves', [['ws_active_connections', 'gauge', [0, 0, 0, 0]]], 'fail'],
    [
      'a gauge in two series',
      [
        ['ws_clients', 'gauge', [0, 50, 50, 0]],
        ['ws_clients', 'gauge', [0, 50, 50, 0]],
      ],
      'pass',
    ],
    [
      'an honest gauge beside a peak, a limit and a pool that is not ours',
      [
        ['ws_connections', 'gauge', [0, 100, 100, 0]],
        ['ws_connections_peak', 'gauge', [0, 100, 100, 100]],
        ['ws_connections_max', 'gauge', [5000, 5000, 5000, 5000]],
        ['db_connections', 'gauge', [3, 3, 3, 3]],
      ],
      'pass',
    ],
    ['a counter of connects alone', [['ws_connections_total', 'counter', [0, 100, 200, 200]]], 'pass'],
    ['a counter that misses who comes back', [['ws_connections_total', 'counter', [0, 100, 130, 130]]], 'fail'],
    ['one client off, of a hundred', [['ws_connections', 'gauge', [1, 100, 101, 1]]], 'pass'],
    ['nothing about connections', [['ws_messages_total', 'counter', [0, 9, 9, 9]]], 'inconclusive'],
  ])('%s', (_, series, outcome) => {
    expect(verdict(series)).toBe(outcome);
  });
});
