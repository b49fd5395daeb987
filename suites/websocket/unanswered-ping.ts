import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close
// frame." "A Pong frame sent in response to a Ping frame must have identical 'Application data'" [RFC 6455 5.5.2, 5.5.3]
export default defineCheck({
  id: 'websocket/unanswered-ping',
  level: 'MUST',
  antiPattern: 4,
  role: 'server',
  scenario: 'pings',
  title: 'MUST answer a ping with a pong that carries the same payload within 5 s',
  why: 'A client learns from the pong alone that its link lives. Without it a healthy connection is torn down as dead.',
  fix: 'Read from the connection all the time, so that the library can answer (Go and Python libraries answer only while a read is pending); do not switch automatic pongs off.',
  source: 'RFC 6455 5.5.2 and 5.5.3',
  measured: { pongMs: 'ms, the slowest', unanswered: 'pings' },
  expect: { maxPongMs: 5000 },
  decidedBy: [['pongMs', 'maxPongMs']],
  judge(history, { expect }) {
    const pings = history.measures('ping');
    if (pings.length === 0) return inconclusive('no ping could be sent');
    const limit = expect.maxPongMs ?? 5000;
    const late = pings.filter(({ facts }) => typeof facts.tookMs !== 'number' || facts.tookMs > limit);
    const times = pings.flatMap(({ facts }) => (typeof facts.tookMs === 'number' ? [facts.tookMs] : []));
    const slowest = times.length > 0 ? Math.max(...times) : null;
    const measured = { pongMs: slowest === null ? null : Math.round(slowest * 10) / 10, unanswered: late.length };
    const [first] = late;
    if (!first)
      return pass(`answered ${pings.length} of ${pings.length}, the slowest after ${inWords(slowest ?? 0)}`, {
        measured,
        because: pings,
      });
    if (first.facts.open === false)
      return inconclusive('the server had ended the session before the ping', { measured, because: [first] });
    const ended = first.facts.openAfter === false ? 'ended the session at' : 'gave no matching pong to';
    return fail(`${ended} a ping of ${first.facts.bytes} bytes within ${inWords(limit)}`, { measured, because: late });
  },
  examples: {
    pass: [[1, { type: 'measure', name: 'ping', facts: { bytes: 8, tookMs: 1, open: true, openAfter: true } }]],
    fail: [[5001, { type: 'measure', name: 'ping', facts: { bytes: 8, tookMs: null, open: true, openAfter: true } }]],
  },
});
