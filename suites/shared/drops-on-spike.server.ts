import { defineCheck } from '../../harness/define.js';
import { judgeSpike, spikeStory } from './spike-evidence.js';

export default defineCheck({
  id: 'drops-on-spike',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Leave the timeout of the keepalive at its 20 s (grpc.keepalive_timeout_ms; in Go ServerParameters.Timeout), or give it 10 s at least.',
      source:
        'CHECKLIST drops-on-spike: round trips of 5 s, and a jitter of 2 s; gRPC, keepalive.md: the timeout is 20 s by default; one that is shorter is declared by expect.timeoutMs',
    },
    sse: {
      unless: ({ server }) =>
        server?.command === undefined
          ? 'needs --server CMD: only dropped packets can tell a server of a spike whose clients say nothing'
          : undefined,
      why: 'A phone that changes cells acknowledges nothing for some seconds and then goes on. A server that is quicker than that to give up turns each such moment into a reconnect and a replay.',
      fix: 'Give what was sent the time that a bad minute on a phone needs: a TCP user timeout of 30 s or more, no watchdog of a few seconds on what is not acknowledged.',
      source:
        'CHECKLIST drops-on-spike: 5 s in which nothing arrives; a timeout that is shorter is declared by expect.timeoutMs',
    },
  },
  level: 'SHOULD',
  antiPattern: 4,
  role: 'server',
  patterns: ['client-streaming', 'server-streaming', 'bidirectional'],
  scenario: 'spike',
  title: 'SHOULD keep a session through a latency spike that is shorter than its own timeout',
  why: 'A phone that changes cells is silent for some seconds and then goes on. A server that is quicker than that to give up turns each such moment into a reconnect, a login and a replay.',
  fix: 'Give an answer the time that a bad minute on a phone needs: end a session when nothing came in a whole ping interval (20 to 30 s), not 2 s after a ping.',
  source:
    'CHECKLIST drops-on-spike: round trips of 5 s, and a jitter of 2 s; a timeout that is shorter is declared by expect.timeoutMs',
  measured: { drops: 'connections', rttMaxMs: 'ms' },
  expect: { timeoutMs: 10_000 },
  scaled: ['timeoutMs'],
  judge: (history, { target, expect }) => judgeSpike(history, 'server', expect, target.protocol === 'sse'),
  examples: { pass: spikeStory('server', false), fail: spikeStory('server', true) },
});
