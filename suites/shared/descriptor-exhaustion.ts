import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { harmOf, numberOf } from './witness-evidence.js';

export default defineCheck({
  id: 'descriptor-exhaustion',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'descriptors',
  title:
    'SHOULD live on when it has no descriptors left, keep its streams, and accept again within 10 s of there being some',
  why: 'Every limit is reached one day. A server whose accept loop ends with the first "too many open files" looks alive, or dies, and needs a person to come back.',
  fix: 'Treat EMFILE in accept as passing: wait a moment and go on. Bound the connections below the limit and refuse more with 503, and raise the limit to what you mean to serve.',
  source:
    'CHECKLIST: `ulimit -n 256` (soft and hard) and 300 connects; alive, old streams go on, accepts again within 10 s. accept(2): "EMFILE The per-process limit on the number of open file descriptors has been reached."',
  inProtocol: {
    grpc: {
      fix: 'Treat EMFILE in accept as passing: wait a moment and go on. Bound the connections below the limit, refuse calls beyond it with UNAVAILABLE or RESOURCE_EXHAUSTED, and raise the limit to what you mean to serve.',
    },
  },
  measured: {
    asked: 'connections',
    refused: 'connections',
    unanswered: 'connections',
    witnessesKept: 'sessions',
    recoveredMs: 'ms',
  },
  expect: { maxRecoveryMs: 10_000 },
  samples: 'asked',
  decidedBy: [['recoveredMs', 'maxRecoveryMs']],
  judge(history, { expect }) {
    const seen = history.measures('descriptors')[0];
    if (!seen) return inconclusive('no server could be run with 256 descriptors');
    const { asked, alive, open, recoveredMs } = seen.facts;
    const bite = history.bites('connection-flood')[0];
    const measured = {
      asked: Number(asked),
      refused: Number(bite?.facts.refused ?? 0),
      unanswered: Number(bite?.facts.unanswered ?? 0) + Number(bite?.facts.lost ?? 0),
      witnessesKept: Number(open),
      recoveredMs: numberOf(recoveredMs),
    };
    const because = [...(bite ? [bite] : []), seen];
    const details = { measured, because };
    if (!bite) return inconclusive(`all ${asked} clients were served: the limit of 256 was not felt`, details);
    if (alive === false) return fail(`the server died when ${asked} clients came`, details);
    const harm = harmOf(seen, details);
    if (harm) return harm;
    const limit = expect.maxRecoveryMs ?? 10_000;
    if (measured.recoveredMs === null || measured.recoveredMs > limit)
      return fail(`accepted nobody within ${inWords(limit)} after the others had left`, details);
    const unserved = measured.refused + measured.unanswered;
    return pass(
      `served ${Number(asked) - unserved} of ${asked}, kept its streams and accepted again after ${inWords(measured.recoveredMs)}`,
      details,
    );
  },
  examples: { pass: story(1200), fail: story(null) },
});

function story(recoveredMs: number | null) {
  const facts = {
    openFiles: 256,
    asked: 300,
    alive: true,
    witnesses: 4,
    open: 4,
    going: 4,
    sign: 'echo',
    recoveredMs,
    endAnyway: false,
  };
  const flood = { asked: 300, served: 240, refused: 0, unanswered: 60, lost: 0 };
  return [
    [0, { type: 'fault', fault: 'connection-flood', what: 'bite', who: 'f', facts: flood }],
    [20_000, { type: 'measure', name: 'descriptors', facts }],
  ] as const;
}
