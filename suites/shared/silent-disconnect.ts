import { defineCheck } from '../../harness/define.js';
import { fail, follows, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

export default defineCheck({
  id: 'silent-disconnect',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'When a phone changes networks or a NAT forgets a connection no FIN comes. A client that only waits for the end of its call waits for ever, and its user looks at a frozen screen.',
      fix: 'Set the keepalive of the channel to 30 s or more, and its timeout to 20 s (grpc.keepalive_time_ms, grpc.keepalive_timeout_ms; in Go keepalive.ClientParameters): by default there is none. And issue the call again when it ends with UNAVAILABLE: the channel does not.',
      source:
        'CHECKLIST rule 12: 90 s; gRPC, keepalive.md: "if the ping is not acknowledged by the peer within a certain timeout period, the transport is disconnected"',
    },
  },
  level: 'MUST',
  antiPattern: 4,
  role: 'client',
  scenario: 'frozen-client',
  byHand: true,
  title: 'MUST notice a dead link, and be back, within 90 s',
  why: 'When a phone changes networks or a NAT forgets a connection no FIN comes. A client that only waits for a close event waits for ever, and its user looks at a frozen screen.',
  fix: 'Expect something (a ping, a comment, a message) at least every 45 s and reconnect when nothing came; or, where the protocol has them, send pings and expect the pongs. An EventSource shows no comments: let the server send a heartbeat as a named event.',
  source: 'CHECKLIST rule 12: 90 s; nothing is closed, everything is withheld both ways',
  measured: { detectMs: 'ms', backMs: 'ms' },
  expect: { maxDetectMs: 90_000 },
  decidedBy: [['detectMs', 'maxDetectMs']],
  scaled: ['maxDetectMs'],
  judge(history, { expect }) {
    const limit = expect.maxDetectMs ?? 90_000;
    const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    const noticed = history.measures('noticed')[0];
    if (baseline || !noticed)
      return inconclusive(baseline?.text ?? 'the link was never frozen', { because: baseline ? [baseline] : [] });
    const bites = history.bites('freeze');
    if (bites.length === 0)
      return inconclusive('the freeze withheld nothing, so it may not have acted', { because: [noticed] });
    const ms = (value: unknown) => (typeof value === 'number' ? Math.round(value) : null);
    const detectMs = ms(noticed.facts.detectMs);
    const backMs = ms(noticed.facts.backMs);
    const measured = { detectMs, backMs };
    const because = [...bites.slice(0, 1), noticed];
    if (backMs !== null && backMs <= limit)
      return pass(`noticed after ${inWords(detectMs ?? backMs)}, back after ${inWords(backMs)}`, { measured, because });
    if (detectMs !== null)
      return fail(`noticed after ${inWords(detectMs)}, but was not back after ${inWords(limit)}`, {
        measured,
        because,
      });
    if (noticed.facts.returnsAfterReset === false)
      return follows('no-reconnect', 'it does not come back after a plain reset either');
    if (noticed.facts.keepalive === true) {
      // Our gate acknowledged every keepalive probe: only dropped packets show what the client would do.
      const dropped = history.measures('dropped')[0];
      if (!dropped || history.bites('packet-drop').length === 0) {
        const obstacle = history
          .of('obstacle')
          .find(({ code }) => code === 'NO_PACKET_DROP' || code === 'NAMESPACE_FAILED');
        return inconclusive(
          `relies on TCP keepalive, which only dropped packets can test${obstacle ? ` (${obstacle.text})` : ''}`,
          { measured, because },
        );
      }
      const back = ms(dropped.facts.backMs);
      if (back !== null && back <= limit)
        return pass(`back after ${inWords(back)}, by TCP keepalive`, {
          measured: { detectMs: back, backMs: back },
          because: [dropped],
        });
      return fail(`did not notice ${inWords(limit)} of dropped packets, for all its TCP keepalive`, {
        measured,
        because: [dropped, ...history.bites('packet-drop')],
      });
    }
    return fail(`did not notice within ${inWords(limit)} that nothing came any more`, { measured, because });
  },
  examples: { pass: story(31_000), fail: story(null) },
});

function story(backMs: number | null) {
  return [
    [5000, { type: 'fault', fault: 'freeze', what: 'bite', who: 'f', facts: { withheldDownBytes: 99 } }],
    [
      92_000,
      {
        type: 'measure',
        name: 'noticed',
        facts: { detectMs: backMs, backMs, keepalive: false, returnsAfterReset: true },
      },
    ],
  ] as const;
}
