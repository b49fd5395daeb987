import type { EventBodyAt } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { tell } from '../../harness/story.js';
import { judgeSpike } from './spike-evidence.js';

const BITE = { type: 'fault', fault: 'packet-drop', what: 'bite', who: 'dropped', facts: { way: 'iptables' } } as const;
const END = { what: 'end', by: 'server', how: 'FIN', upBytes: 9, downBytes: 9 } as const;
const end: EventBodyAt = [5000, { type: 'connection', gate: 'dropped', conn: 1, ...END }];
const close = { opcode: 'close', bytes: 0, hash: '' } as const;
const whole: EventBodyAt = [4999, { type: 'message', gate: 'dropped', conn: 1, dir: 'down', ...close }];
const spiked = (facts: object): EventBodyAt => [
  9000,
  {
    type: 'measure',
    name: 'spiked',
    facts: { path: 'dropped', by: 'server', rttMaxMs: 6200, spikeMs: 5000, controlOpen: true, ...facts },
  },
];

/** Of a server whose clients say nothing. */
function verdict(...events: readonly EventBodyAt[]) {
  return judgeSpike(viewOf(tell(events)), 'server', { timeoutMs: 10_000 }, true);
}

test('a stream that lived through the dropped packets passes, and one that was cut fails', () => {
  expect(verdict([0, BITE], spiked({})).outcome).toBe('pass');
  expect(verdict([0, BITE], end, spiked({}))).toMatchObject({ outcome: 'fail', measured: { drops: 1 } });
});

test('a socket that was gone without a word fails too', () => {
  expect(verdict([0, BITE], spiked({ gone: true }))).toMatchObject({ outcome: 'fail', measured: { drops: 1 } });
});

test('a stream that was over at its time was not dropped', () => {
  expect(verdict([0, BITE], whole, end, spiked({})).outcome).toBe('pass');
});

test('where no packets were dropped nothing can be concluded, whatever Toxiproxy delayed', () => {
  const latency = {
    type: 'fault',
    fault: 'latency-spike',
    what: 'bite',
    who: 'spike',
    facts: { askedMs: 5000 },
  } as const;
  expect(verdict([0, latency], spiked({ path: 'spike' })).outcome).toBe('inconclusive');
});

test('a client that leaves after GOAWAY was not impatient, and one that leaves before it was', () => {
  const at = { gate: 'spike', conn: 1 } as const;
  const judged = (...events: readonly EventBodyAt[]) => judgeSpike(viewOf(tell(events)), 'client', {}).outcome;
  const bite: EventBodyAt = [
    0,
    { type: 'fault', fault: 'latency-spike', what: 'bite', who: 'spike', facts: { seenMs: 5001, askedMs: 5000 } },
  ];
  const leaves: EventBodyAt = [5000, { type: 'connection', ...at, ...END, by: 'client' }];
  const goaway = (t: number): EventBodyAt => [t, { type: 'frame', ...at, dir: 'down', frame: 'GOAWAY', stream: 0 }];
  const measured = spiked({ path: 'spike', by: 'client', rttMaxMs: 5001 });
  expect(judged(bite, goaway(4900), leaves, measured)).toBe('pass');
  expect(judged(bite, leaves, goaway(5100), measured)).toBe('fail');
});

describe('a spike that came out longer than it was to be', () => {
  const judged = (seenMs: number, stallMs: number) =>
    judgeSpike(
      viewOf(
        tell([
          [0, { type: 'phase', phase: 'fault' }],
          [3000, { type: 'loop', who: 'spike-client', p99Ms: stallMs, maxMs: stallMs }],
          [5000, { type: 'connection', gate: 'spike', conn: 1, ...END, by: 'client' }],
          [
            6000,
            { type: 'fault', fault: 'latency-spike', what: 'bite', who: 'spike', facts: { seenMs, askedMs: 5000 } },
          ],
          spiked({ path: 'spike', by: 'client', rttMaxMs: 0 }),
        ]),
      ),
      'client',
      {},
    ).outcome;

  test.each([
    ['is what the client dropped at where it was not', 5100, 40, 'fail'],
    ['is another one by what was seen of it', 9000, 40, 'inconclusive'],
    ['is another one where the harness stood still', 5100, 3000, 'inconclusive'],
  ])('%s', (_title, seenMs, stallMs, outcome) => {
    expect(judged(seenMs, stallMs)).toBe(outcome);
  });
});
