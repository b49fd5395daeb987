import type { EventBodyAt, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { callsAgain } from '../../harness/gate-calls.js';
import { inWords, peakIn } from '../../harness/numbers.js';
import { windowOf } from '../../harness/turned-away.js';

const KINDS: Readonly<Record<string, string>> = {
  page: 'a page with status 200',
  'http/1.1': 'nginx without http2',
  proxy_pass: 'nginx with a plain proxy_pass',
};
/** Of the limit: a client that calls once a second is not to fail by a machine's hiccup. */
const SLACK = 1.2;

// What a library makes of it differs (UNAVAILABLE, UNKNOWN, INTERNAL, RESOURCE_EXHAUSTED were seen): that it takes it for a failure,
// and does not hammer, is all that is asked. Who ends at it has had its status.
export default defineCheck({
  id: 'grpc/proxy-not-http2',
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'not-http2',
  title: 'SHOULD take an answer that is none of gRPC for a failure, and make at most 10 attempts in any 10 s',
  why: 'A load balancer without HTTP/2, a captive portal or a default page answers every call at once. A client that backs off at UNAVAILABLE alone then calls as fast as it can.',
  fix: 'Back off at every status that ends a call, UNKNOWN, INTERNAL and RESOURCE_EXHAUSTED too; before the server: nginx "listen ... http2" with grpc_pass.',
  source:
    'http-grpc-status-mapping.md: codes that it does not name are UNKNOWN; PROTOCOL-HTTP2.md, "Responses": "Implementations must synthesize a Status & Status-Message to propagate to the application layer when this occurs"; CHECKLIST: a status, no hang, no hot retry',
  measured: { maxAttemptsPer10s: 'attempts', at: 'which answer', seen: 'kinds of answer' },
  expect: { maxAttempts: 10, windowMs: 10_000 },
  scaled: ['windowMs'],
  needs: ['grpc/no-reconnect', 'grpc/hot-retry'],
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const { windowMs = 10_000, maxAttempts = 10 } = expect;
    const bites = history.bites('not-http2');
    const obstacle = history.of('obstacle').find(({ code }) => code === 'BASELINE' || code === 'NO_PROXY');
    const answered = history
      .measures('answered')
      .filter(({ facts }) => bites.some((bite) => bite.facts.kind === facts.kind));
    if (answered.length === 0)
      return inconclusive(obstacle?.text ?? 'no call was answered by a page', { because: bites });
    const counted = answered.map(({ facts }) => ({ facts, peak: peakOf(history, String(facts.kind), windowMs) }));
    const most = counted.toSorted((a, b) => b.peak - a.peak)[0];
    const [peak, at] = [most?.peak ?? 0, String(most?.facts.kind)];
    const measured = { maxAttemptsPer10s: peak, at, seen: answered.map(({ facts }) => String(facts.kind)) };
    const found = { measured, because: [...bites, ...answered] };
    const said = `at most ${peak} attempts within ${inWords(windowMs)} while it was answered by ${KINDS[at]}`;
    if (peak > SLACK * maxAttempts) return fail(said.replace('at most ', ''), found);
    if (peak > maxAttempts) return inconclusive(`${said}: too near the limit of ${maxAttempts}`, found);
    const still = counted.find(({ facts }) => facts.again === false && facts.exited !== true)?.facts;
    if (still)
      return inconclusive(
        `made no further attempt in ${inWords(Number(still.watchedMs))} after an answer by ${KINDS[String(still.kind)]}: whether it hangs or has given up is not seen`,
        found,
      );
    const ended = counted.find(({ facts }) => facts.exited === true)?.facts;
    if (!ended && answered.length < Object.keys(KINDS).length)
      return inconclusive(obstacle?.text ?? `was answered by ${measured.seen.join(', ')} only`, found);
    return pass(`${said}${ended ? `; ended its process at ${KINDS[String(ended.kind)]}` : ''}`, found);
  },
  examples: { pass: story(3000), fail: story(200) },
});

/** Calls, and connections, of which a channel makes many without a call; each call or channel that was cut comes back for itself. */
function peakOf(history: HistoryView, kind: string, windowMs: number): number {
  const window = windowOf(history, kind);
  if (!window) return 0;
  const again = callsAgain(history, 'victim', window, { burstMs: 0 });
  const all = history.of('connection').filter(({ gate }) => gate === 'victim');
  const ended = new Set(all.flatMap(({ what, conn, t }) => (what === 'end' && t < window.from ? [conn] : [])));
  const starts = all.filter(({ what }) => what === 'start');
  const cut = starts.filter(({ conn, t }) => t < window.from && !ended.has(conn));
  const dialled = starts.flatMap(({ t }) => (t >= window.from && t < window.to ? [t] : []));
  const called = again?.attempts.map(({ startAt }) => startAt) ?? [];
  return Math.max(
    peakIn(called, windowMs) / Math.max(1, again?.held ?? 1),
    peakIn(dialled, windowMs) / Math.max(1, cut.length),
  );
}

function story(gapMs: number): EventBodyAt[] {
  const call = (t: number, conn: number, stream: number): EventBodyAt => [
    t,
    { type: 'handshake', gate: 'victim', conn, dir: 'up', stream, rpc: '/feed.Feed/Watch' },
  ];
  return Object.keys(KINDS).flatMap((kind, i): EventBodyAt[] => {
    const at = 20_000 * (i + 1);
    const calls = Array.from({ length: Math.floor(12_000 / gapMs) }, (_, n) => call(at + n * gapMs, 2 * i + 1, n));
    return [
      call(at - 5000, 2 * i, 1),
      [at - 4990, { type: 'handshake', gate: 'victim', conn: 2 * i, dir: 'down', stream: 1, status: 200, opens: true }],
      [at, { type: 'phase', phase: 'fault', label: kind }],
      [at, { type: 'fault', fault: 'not-http2', what: 'bite', who: kind, facts: { kind, status: 200 } }],
      ...calls,
      [at + 12_000, { type: 'phase', phase: 'recovery', label: kind }],
      [
        at + 12_000,
        { type: 'measure', name: 'answered', facts: { kind, again: true, watchedMs: 12_000, exited: false } },
      ],
    ];
  });
}
