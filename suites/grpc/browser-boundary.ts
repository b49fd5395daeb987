import type { EventBodyAt, EventOf } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';

// No browser gives HTTP/2 frames or trailers to scripts, and none speaks HTTP/2 without TLS: what counts is HTTP/1.1, and HTTP/2 where
// it was agreed upon by ALPN.
export default defineCheck({
  id: 'grpc/browser-boundary',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'browsers',
  title: 'SHOULD be reachable from browsers: unary and server streaming methods by gRPC-Web or Connect',
  why: 'A page cannot speak gRPC: scripts see neither HTTP/2 frames nor trailers. Without a form that it can speak, everything needs a proxy in between, one more hop that buffers, times out and must be kept.',
  fix: 'Serve gRPC-Web or Connect beside gRPC (connect-go, connect-node; Go: improbable-eng/grpc-web; tonic-web; ASP.NET UseGrpcWeb), over HTTP/1.1 or over TLS, or put Envoy with its grpc_web filter in front and check its URL; where no browser is to come, set the severity off.',
  source:
    'PROTOCOL-WEB.md: "browser clients are ... not able to" use raw frames and trailers, so that a gRPC-Web answer has its trailers in the body; Connect protocol: "works over HTTP/1.1"; CHECKLIST browser-boundary',
  measured: {
    unary: 'how it is reached',
    'server-streaming': 'how it is reached',
    answer: 'to gRPC-Web over HTTP/1.1',
  },
  expect: {},
  streams: 'any',
  judge(history, { target }) {
    const asked = history.measures('asked');
    const none = history.measures('no method').map(({ facts }) => facts.pattern);
    if (asked.length === 0)
      return none.length === 2
        ? skipped('it has no unary and no server streaming method, and browsers can call no other')
        : inconclusive('nothing was asked for');
    const secure = /^(?:grpcs|https):/.test(target.server?.url ?? '');
    const push = history.measures('workload')[0]?.facts.push === true;
    const of = (pattern: string) => asked.filter(({ facts }) => facts.pattern === pattern);
    const ways = (list: readonly EventOf<'measure'>[]) =>
      list.filter(({ facts }) => facts.reached === true).map(({ facts }) => `${facts.form} over HTTP/${facts.http}`);
    const first = asked.find(({ facts }) => facts.form === 'grpc-web' && facts.http === '1.1');
    const measured = {
      unary: ways(of('unary')),
      'server-streaming': ways(of('server-streaming')),
      answer: String(first?.facts.reason ?? 'as it must be'),
    };
    const details = { measured, because: asked };
    const patterns = ['unary', 'server-streaming'].filter((pattern) => of(pattern).length > 0);
    const missed = patterns.filter(
      (pattern) => !of(pattern).some(({ facts }) => facts.reached === true && (secure || facts.http === '1.1')),
    );
    if (missed.length > 0) {
      const plain = missed.some((pattern) => ways(of(pattern)).length > 0);
      const why = plain
        ? 'only over HTTP/2 without TLS, which no browser speaks'
        : `gRPC-Web over HTTP/1.1 got: ${measured.answer}`;
      return fail(`browsers cannot reach its ${missed.join(' and ')} methods without a proxy (${why})`, details);
    }
    // A server that pushes, and nothing of it: held back in between.
    const streams = of('server-streaming').filter(({ facts }) => facts.reached === true && facts.named === true);
    if (push && streams.length > 0 && streams.every(({ facts }) => facts.messages === 0))
      return fail('takes a call for a stream, and gives none of its messages within 5 s', details);
    const only = none.length > 0 ? `; it has no ${none.join(' and no ')} method` : '';
    return pass(
      `reached by ${[...new Set(patterns.flatMap((pattern) => ways(of(pattern))))].join(', ')}${only}`,
      details,
    );
  },
  examples: { pass: story(true), fail: story(false) },
});

function story(reached: boolean): EventBodyAt[] {
  const answer = {
    reached,
    status: reached ? 200 : 415,
    contentType: null,
    messages: 1,
    reason: reached ? null : 'HTTP 415',
  };
  return ['unary', 'server-streaming'].map((pattern, at) => [
    at,
    { type: 'measure', name: 'asked', facts: { pattern, named: true, form: 'grpc-web', http: '1.1', ...answer } },
  ]);
}
