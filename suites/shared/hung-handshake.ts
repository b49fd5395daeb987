import { defineCheck } from '../../harness/define.js';
import { fail, follows, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { BACKOFF } from './connection-backoff.js';

export default defineCheck({
  id: 'hung-handshake',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'A stuck server or a proxy without a backend accepts connections and says nothing: no SETTINGS come. A deadline ends the call and not the connection, so that a channel which waits for ever leaves every later call without one.',
      fix: 'Use a library that gives an attempt the 20 s of the backoff document (grpc-go: MinConnectTimeout; C-core too). grpc-js, grpc-java and tonic wait for ever for the SETTINGS: end the socket, or make a new channel, if no byte has come 20 s after it connected. connect and grpclib need a deadline around their connect.',
      source: `CHECKLIST: 60 s. ${BACKOFF}`,
    },
  },
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'hung',
  byHand: true,
  title: 'MUST give up an attempt whose handshake is not answered within 60 s, and try again',
  why: 'A stuck server or a proxy without a backend accepts connections and says nothing. A client that waits for an answer for ever never reaches the healthy one beside it.',
  fix: 'Give the whole attempt a deadline of 10 to 20 s (ws: handshakeTimeout; Python websockets: open_timeout; gorilla: HandshakeTimeout; fetch: abort it unless the head of the answer has come; Go: ResponseHeaderTimeout), and treat its end like any failed attempt.',
  source: 'CHECKLIST: 60 s; the gRPC connection-backoff document gives a connection attempt at least 20 s',
  measured: { connectTimeoutMs: 'ms' },
  expect: { maxTimeoutMs: 60_000 },
  decidedBy: [['connectTimeoutMs', 'maxTimeoutMs']],
  scaled: ['maxTimeoutMs'],
  judge(history, { expect }) {
    const limit = expect.maxTimeoutMs ?? 60_000;
    const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    const hung = history.measures('hung')[0];
    if (baseline || !hung)
      return inconclusive(baseline?.text ?? 'no handshake was left without an answer', {
        because: baseline ? [baseline] : [],
      });
    if (history.bites('reset').length === 0)
      return inconclusive('the cut is not proven: no control peer saw the reset');
    if (hung.facts.tried !== true) return follows('no-reconnect', 'it made no attempt after its connection was cut');
    const bites = history.bites('hung-handshake');
    if (bites.length === 0) return inconclusive('no attempt said anything, so none was left without an answer');
    const gaveUpMs = hung.facts.gaveUpMs;
    const measured = { connectTimeoutMs: typeof gaveUpMs === 'number' ? Math.round(gaveUpMs) : null };
    const because = [...bites.slice(0, 1), hung];
    if (typeof gaveUpMs !== 'number' || gaveUpMs > limit)
      return fail(`still waited for the answer ${inWords(limit)} after it had connected`, { measured, because });
    if (hung.facts.exited === true && hung.facts.again !== true)
      return fail(`its process ended ${inWords(gaveUpMs)} after it had connected`, { measured, because });
    if (hung.facts.again !== true)
      return fail(`gave up after ${inWords(gaveUpMs)}, and did not try again`, { measured, because });
    return pass(`gave up after ${inWords(gaveUpMs)} and tried again`, { measured, because });
  },
  examples: { pass: story(10_000), fail: story(null) },
});

function story(gaveUpMs: number | null) {
  return [
    [9000, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: {} }],
    [10_000, { type: 'fault', fault: 'hung-handshake', what: 'bite', who: 'h', facts: { hanging: 1 } }],
    [
      75_000,
      { type: 'measure', name: 'hung', facts: { tried: true, gaveUpMs, again: gaveUpMs !== null, exited: false } },
    ],
  ] as const;
}
