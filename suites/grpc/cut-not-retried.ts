import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

const WHERE: Readonly<Record<string, string>> = { head: 'before its head', message: 'in its middle' };

// http-grpc-status-mapping.md: 504 -> UNAVAILABLE (14); PROTOCOL-HTTP2.md, "Errors": RST_STREAM with INTERNAL_ERROR -> INTERNAL (13).
export default defineCheck({
  id: 'grpc/cut-not-retried',
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'cut-by-nginx',
  title: 'SHOULD call again after a proxy has ended its quiet stream, be it with UNAVAILABLE or with INTERNAL',
  why: 'nginx ends an answer that stands still for 60 s. Before its head the client gets 504, which is UNAVAILABLE; in its middle RST_STREAM, which is INTERNAL: a client that calls again at UNAVAILABLE alone has lost its stream for good.',
  fix: 'Call again, with backoff, at whatever ends a stream that is to last, INTERNAL, UNKNOWN and CANCELLED too; and let the server send something every 30 s, or raise grpc_read_timeout.',
  source:
    'nginx, ngx_http_grpc_module, grpc_read_timeout: "If the gRPC server does not transmit anything within this time, the connection is closed", default 60s; http-grpc-status-mapping.md: 504 is UNAVAILABLE; PROTOCOL-HTTP2.md: RST_STREAM with INTERNAL_ERROR is INTERNAL; CHECKLIST: comes back after either',
  measured: { before: 'how it ended before its head', within: 'how it ended in its middle', backMs: 'ms, the longest' },
  expect: { maxBackMs: 60_000 },
  scaled: ['maxBackMs'],
  needs: ['grpc/no-reconnect'],
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const limit = expect.maxBackMs ?? 60_000;
    const bites = history.bites('read-timeout');
    const cuts = history.measures('cut').filter(({ facts }) => bites.some((bite) => bite.facts.where === facts.where));
    const howOf = (where: string) => cuts.find(({ facts }) => facts.where === where)?.facts.how ?? null;
    const times = cuts.flatMap(({ facts }) => (typeof facts.backMs === 'number' ? [facts.backMs] : []));
    const backMs = times.length > 0 ? Math.max(...times) : null;
    const found = {
      measured: { before: howOf('head'), within: howOf('message'), backMs },
      because: [...bites, ...cuts],
    };
    const away = cuts.filter(({ facts }) => typeof facts.backMs !== 'number' || facts.backMs > limit);
    const words = away.map(({ facts }) => {
      const what = facts.exited === true ? 'ended its process' : `did not call again within ${inWords(limit)}`;
      return `${what} after nginx had ended its answer ${WHERE[String(facts.where)]} (${facts.how})`;
    });
    if (away.length > 0) return fail(words.join('; '), found);
    const obstacle = history.of('obstacle').find(({ code }) => code === 'BASELINE' || code === 'NO_PROXY');
    if (cuts.length === 0) return inconclusive(obstacle?.text ?? 'nginx ended no answer', found);
    const ways = cuts.map(({ facts }) => `${WHERE[String(facts.where)]} (${facts.how})`).join(' and ');
    if (cuts.length < 2) return inconclusive(`nginx ended its answer ${ways} only`, found);
    return pass(`called again within ${inWords(backMs ?? 0)} after nginx had ended its answer ${ways}`, found);
  },
  examples: { pass: story(1500), fail: story(null) },
});

function story(backMs: number | null): EventBodyAt[] {
  return [
    ['message', 'RST_STREAM 2', backMs],
    ['head', 'HTTP 504', 900],
  ].flatMap(([where = '', how = '', ms = null], i): EventBodyAt[] => [
    [1000 * i, { type: 'fault', fault: 'read-timeout', what: 'bite', who: 'n', facts: { where, how } }],
    [1000 * i + 900, { type: 'measure', name: 'cut', facts: { where, how, backMs: ms, exited: false } }],
  ]);
}
