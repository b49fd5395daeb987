import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

// The client is ours: it keeps to the limit that the server announces and opens further connections beyond it, so that what waits
// without a word waits in the server. A server is free to refuse, by RST_STREAM or by a status.
export default defineCheck({
  id: 'grpc/stream-limit',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'one-connection',
  title: 'SHOULD answer each of 150 long streams within 5 s, or refuse it: no silent queue',
  why: 'A stream that is taken and waits behind others for a thread looks like one that has nothing to say: its client waits for ever, since the streams before it never end.',
  fix: 'Give streams no thread each out of a small pool (Python: grpc.aio, or max_workers above what may be open), or say where it ends: maximum_concurrent_rpcs (Python), SETTINGS_MAX_CONCURRENT_STREAMS (Go: MaxConcurrentStreams), RESOURCE_EXHAUSTED.',
  source:
    'RFC 9113, 5.1.2: an endpoint that gets more streams than it has announced "MUST treat this as a stream error of type PROTOCOL_ERROR or REFUSED_STREAM"; gRPC performance guide: "additional RPCs are queued in the client"; CHECKLIST stream-limit',
  measured: {
    asked: 'streams',
    limit: 'streams on a connection, as announced',
    connections: 'connections',
    begun: 'streams',
    refused: 'streams',
    silent: 'streams',
    tookMs: 'ms',
  },
  expect: { maxAnswerMs: 5000 },
  samples: 'asked',
  decidedBy: [['tookMs', 'maxAnswerMs']],
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const { maxAnswerMs = 5000 } = expect;
    const told = history.measures('streams')[0];
    if (!told) return inconclusive('no streams were opened');
    const { asked, connections, begun, refused, silent, tookMs, controlMs, controlEnded } = told.facts;
    const limit = Number(told.facts.limit) >= 1_000_000 ? null : Number(told.facts.limit);
    const measured = {
      asked: asked ?? 0,
      limit,
      connections: connections ?? 0,
      begun: begun ?? 0,
      refused: refused ?? 0,
      silent: silent ?? 0,
      tookMs: tookMs ?? 0,
    };
    const details = { measured, because: [told] };
    if (typeof controlMs !== 'number' || controlMs > maxAnswerMs / 2)
      return inconclusive(
        'a single stream has nothing to say for seconds: whether others wait cannot be told',
        details,
      );
    if (controlEnded === true)
      return skipped('its calls end by themselves: those that wait have their turn', { measured });
    if (Number(asked) < 150) return inconclusive(`only ${asked} streams could be opened`, details);
    if (Number(silent) > 0)
      return fail(
        `of ${asked} streams ${silent} got neither an answer nor an error within ${inWords(Number(tookMs))}; ${begun} were served`,
        details,
      );
    if (Number(tookMs) > maxAnswerMs)
      return inconclusive(`the last stream was answered only after ${inWords(Number(tookMs))}`, details);
    const most = limit === null ? 'no limit announced' : `${limit} allowed on a connection`;
    return pass(
      `${begun} of ${asked} streams began on ${connections} connections, ${refused} were refused (${most})`,
      details,
    );
  },
  examples: { pass: story(150, 0), fail: story(10, 140) },
});

function story(begun: number, silent: number): EventBodyAt[] {
  const [tookMs, controlMs] = [silent > 0 ? 10_000 : 40, 20];
  const facts = {
    asked: 150,
    limit: 100,
    connections: 2,
    begun,
    refused: 0,
    silent,
    tookMs,
    controlMs,
    controlEnded: false,
  };
  return [[11_000, { type: 'measure', name: 'streams', facts }]];
}
