import { defineCheck } from '../../harness/define.js';
import { judgeSpike, spikeStory } from './spike-evidence.js';

export default defineCheck({
  id: 'drops-on-spike',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Leave the timeout of the keepalive at its 20 s (grpc.keepalive_timeout_ms; in Go ClientParameters.Timeout), or give it 10 s at least: TCP_USER_TIMEOUT is set to it as well.',
      source:
        'CHECKLIST drops-on-spike: round trips of 5 s, and a jitter of 2 s; gRPC, proposal A18: "A very small TCP_USER_TIMEOUT value can affect TCP transmissions over paths with a high latency or packet loss"; a timeout that is shorter is declared by expect.timeoutMs',
    },
  },
  level: 'SHOULD',
  antiPattern: 4,
  role: 'client',
  scenario: 'spike-client',
  title: 'SHOULD keep its connection through a latency spike that is shorter than its own timeout',
  why: 'A train in a tunnel is silent for some seconds and then goes on. A client that is quicker than that to give up reconnects again and again over a link that works, and all of them at once where a whole network is slow.',
  fix: "Wait at least 10 s for an answer to a ping, and longer than two intervals of the server's heartbeat for anything at all, before the link is taken for dead.",
  source:
    'CHECKLIST drops-on-spike: round trips of 5 s, and a jitter of 2 s; a timeout that is shorter is declared by expect.timeoutMs',
  measured: { drops: 'connections', rttMaxMs: 'ms' },
  expect: { timeoutMs: 10_000 },
  scaled: ['timeoutMs'],
  judge: (history, { expect }) => judgeSpike(history, 'client', expect),
  examples: { pass: spikeStory('client', false), fail: spikeStory('client', true) },
});
