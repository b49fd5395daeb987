import type { EventBodyAt, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// "The keepalive ping is a way to check if a channel is currently working by sending HTTP2 pings over the transport. It is sent
// periodically, and if the ping is not acknowledged by the peer within a certain timeout period, the transport is disconnected."
// [gRPC, keepalive.md]
export default defineCheck({
  id: 'grpc/no-keepalive',
  level: 'MUST',
  antiPattern: 4,
  role: 'client',
  scenario: 'idle-link',
  title: 'MUST find out within 90 s that the link under an idle call is dead',
  why: 'On a call where nothing is due, silence is no sign of anything: a client that sends no PING waits for ever for a server that is gone, and new calls on the same connection hang too.',
  fix: 'Set the keepalive of the channel to 30 s or more, and its timeout to 20 s (grpc.keepalive_time_ms; in Go keepalive.ClientParameters), with the server allowing it (ping-strike). C-core stops after two PINGs without data unless grpc.http2.max_pings_without_data is 0.',
  source:
    'CHECKLIST no-keepalive; gRPC, keepalive.md: "if the ping is not acknowledged by the peer within a certain timeout period, the transport is disconnected"; the default is none',
  measured: { detectMs: 'ms', pings: 'of the client, while the link was healthy' },
  expect: { maxDetectMs: 90_000 },
  decidedBy: [['detectMs', 'maxDetectMs']],
  scaled: ['maxDetectMs'],
  implies: ['grpc/silent-disconnect'],
  judge(history, { expect }) {
    const limit = expect.maxDetectMs ?? 90_000;
    const broken = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    const link = history.measures('idle link')[0];
    const frozenAt = history.phaseAt('fault');
    if (broken || !link || frozenAt === undefined)
      return inconclusive(broken?.text ?? 'the link was never frozen', { because: broken ? [broken] : [] });
    const { foundMs, keepaliveDueMs } = link.facts;
    const pings = history
      .of('frame')
      .filter(({ gate, frame, dir, ack }) => gate === 'idle-link' && frame === 'PING' && dir === 'up' && !ack);
    const before = pings.filter(({ t }) => t < frozenAt).length;
    const measured = { detectMs: typeof foundMs === 'number' ? Math.round(foundMs) : null, pings: before };
    const bites = history.bites('freeze');
    const because = [...bites.slice(0, 1), ...pings.slice(-1), link];
    if (typeof foundMs === 'number' && foundMs <= limit) {
      if (bites.length > 0) return pass(`found out after ${inWords(foundMs)}`, { measured, because });
      return inconclusive('the freeze withheld nothing, so it may not have acted', { measured, because });
    }
    if (bites.length === 0 && !isPending(history, frozenAt))
      return inconclusive('no call was pending, and none was made: the link was not in use', { measured, because });
    // Our gate acknowledged every probe: only dropped packets show what the client would do.
    if (typeof keepaliveDueMs === 'number' && keepaliveDueMs < limit) {
      const dropped = history.measures('dropped')[0];
      const foundDropped = dropped?.facts.foundMs;
      if (!dropped || history.bites('packet-drop').length === 0)
        return inconclusive('relies on TCP keepalive, which only dropped packets can test', { measured, because });
      if (typeof foundDropped === 'number' && foundDropped <= limit)
        return pass(`found out after ${inWords(foundDropped)}, by TCP keepalive`, {
          measured: { detectMs: Math.round(foundDropped), pings: before },
          because: [dropped],
        });
      return fail(`did not find out in ${inWords(limit)} of dropped packets, for all its TCP keepalive`, {
        measured,
        because: [dropped, ...history.bites('packet-drop')],
      });
    }
    const looked = pings.some(({ t }) => t >= frozenAt) ? ', though it sent PINGs' : ', and sent no PING';
    return fail(`did not find out within ${inWords(limit)} that its link was dead${looked}`, { measured, because });
  },
  examples: { pass: story(30_000), fail: story(null) },
});

function isPending(history: HistoryView, atMs: number): boolean {
  const over = [
    ...history.of('message').filter(({ opcode, dir }) => opcode === 'close' && dir === 'down'),
    ...history.of('frame').filter(({ frame }) => frame === 'RST_STREAM'),
  ];
  return history
    .of('handshake')
    .some(
      (call) =>
        call.gate === 'idle-link' &&
        call.dir === 'up' &&
        call.stream !== undefined &&
        call.t < atMs &&
        !over.some(({ conn, stream, t }) => conn === call.conn && stream === call.stream && t < atMs),
    );
}

function story(foundMs: number | null): EventBodyAt[] {
  const at = { gate: 'idle-link', conn: 1, dir: 'up' } as const;
  return [
    [0, { type: 'handshake', ...at, stream: 1, rpc: '/feed.Feed/Subscribe' }],
    [45_000, { type: 'phase', phase: 'fault' }],
    [65_000, { type: 'fault', fault: 'freeze', what: 'bite', who: 'idle-link-1', facts: { withheldUpBytes: 17 } }],
    [138_000, { type: 'measure', name: 'idle link', facts: { foundMs, keepaliveDueMs: null } }],
  ];
}
