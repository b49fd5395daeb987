import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { harmOf, numberOf } from './witness-evidence.js';

export default defineCheck({
  id: 'slow-handshake',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'unfinished',
  title: 'SHOULD cut handshakes that are not finished within 60 s, and serve everybody else meanwhile',
  why: 'A half-sent request costs its sender nothing and the server a descriptor, memory, perhaps a thread. Phones that vanish in the middle of connecting leave them behind by accident, others on purpose (Slowloris).',
  fix: 'Set the time for a whole request head (Node: headersTimeout and connectionsCheckingInterval; Go: ReadHeaderTimeout; Python websockets: open_timeout; hyper: header_read_timeout), not only one for each byte.',
  source:
    'CHECKLIST: 200 unfinished handshakes; alive, old streams go on, others accepted within 10 s, unfinished ones cut within 60 s (5 s more: a 60,000 ms timer is never exact)',
  inProtocol: {
    grpc: {
      why: 'A preface that is begun and never finished costs its sender nothing and the server a descriptor, memory, perhaps a thread. Phones that vanish in the middle of connecting leave them behind by accident, others on purpose (Slowloris).',
      fix: 'Set the time for a connection to be established (Go: grpc.ConnectionTimeout, 120 s by default; C-core, so Python and C++: grpc.server_handshake_timeout_ms, 120 s; Java: NettyServerBuilder and a handler for silent channels; Node: a timeout on the socket until the first bytes).',
      source:
        'CHECKLIST: 200 unfinished handshakes; alive, old streams go on, others accepted within 10 s, unfinished ones cut within 60 s (5 s more). RFC 9113 3.4: the client connection preface "MUST be followed by a SETTINGS frame"; here most fall silent in the midst of it, some send a byte now and then',
    },
  },
  measured: {
    held: 'connections',
    cutMs: 'ms',
    refused: 'newcomers',
    waitedMs: 'ms',
    recoveredMs: 'ms',
    witnessesKept: 'sessions',
  },
  expect: { maxHeldMs: 60_000, slackMs: 5000, maxWaitMs: 10_000 },
  decidedBy: [
    ['cutMs', 'maxHeldMs'],
    ['waitedMs', 'maxWaitMs'],
  ],
  scaled: ['maxHeldMs', 'slackMs'],
  judge(history, { expect }) {
    const seen = history.measures('unfinished')[0];
    if (!seen || history.bites('unfinished-handshakes').length === 0)
      return inconclusive('no handshake was left unfinished');
    const { total, silentHeld, drippingHeld, longestMs, open, waitedMs } = seen.facts;
    const held = Number(silentHeld) + Number(drippingHeld);
    const measured = {
      held,
      cutMs: held > 0 ? null : Number(longestMs),
      refused: Number(seen.facts.refused),
      waitedMs: Math.round(Number(waitedMs)),
      recoveredMs: numberOf(seen.facts.recoveredMs),
      witnessesKept: Number(open),
    };
    const because = [...history.bites('unfinished-handshakes'), seen];
    const details = { measured, because };
    if (seen.facts.alive === false) return fail(`the server died of ${total} unfinished handshakes`, details);
    const harm = harmOf(seen, details);
    if (harm?.outcome === 'fail') return harm;
    const maxWaitMs = expect.maxWaitMs ?? 10_000;
    if (measured.waitedMs >= maxWaitMs || measured.recoveredMs === null)
      return fail(`served nobody new for ${inWords(maxWaitMs)} because of ${total} unfinished handshakes`, details);
    const limit = (expect.maxHeldMs ?? 60_000) + (expect.slackMs ?? 5000);
    const longest = inWords(Number(longestMs));
    if (measured.cutMs === null) {
      const who = silentHeld === 0 ? ': those that send a header line now and then' : '';
      return fail(`still held ${held} of ${total} unfinished handshakes after ${longest}${who}`, details);
    }
    if (measured.cutMs > limit) return fail(`cut unfinished handshakes only after ${longest}`, details);
    if (harm) return harm;
    return pass(`cut all ${total} within ${longest}; others were served meanwhile`, details);
  },
  examples: { pass: story(0, 10_000), fail: story(200, 95_000) },
});

function story(held: number, longestMs: number) {
  const others = {
    waitedMs: 4,
    refused: 0,
    recoveredMs: 3,
    alive: true,
    witnesses: 4,
    open: 4,
    going: 4,
    sign: 'push',
  };
  const facts = { total: 200, silentHeld: held, drippingHeld: 0, longestMs, ...others, endAnyway: false };
  return [
    [0, { type: 'fault', fault: 'unfinished-handshakes', what: 'bite', who: 'u', facts: { standing: 200 } }],
    [95_000, { type: 'measure', name: 'unfinished', facts }],
  ] as const;
}
