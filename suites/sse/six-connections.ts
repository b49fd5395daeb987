import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';

/** What a browser does under HTTP/1.1 with the seventh, six-connections.test.ts shows. */
const WARNING = 'without TLS a browser speaks HTTP/1.1, and of seven streams to one host the seventh waits';

// "When not used over HTTP/2, SSE suffers from a limitation to the maximum number of open connections, which can be especially
// painful when opening multiple tabs" [MDN, EventSource]; "HTTP/2 over TLS uses the "h2" protocol identifier." [RFC 9113 3.2]
export default defineCheck({
  id: 'sse/six-connections',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'transport',
  title: 'SHOULD offer HTTP/2 over TLS, so that more than six streams of a browser fit',
  why: 'Over HTTP/1.1 a browser opens six connections to a host, for all its tabs together. Six streams use them up: the seventh tab gets no events, and no page or picture of that host either.',
  fix: 'Offer h2 by ALPN in the server, or in the proxy in front of it (nginx: http2 on; HAProxy: alpn h2,http/1.1; Node: http2.createSecureServer with allowHTTP1).',
  source: 'CHECKLIST six-connections; RFC 9113 3.2 (h2 by ALPN); measured in Chromium by six-connections.test.ts',
  measured: { offered: 'by ALPN', streams: 'open at once on one connection' },
  expect: {},
  unless: ({ server }) => {
    if (server?.url?.startsWith('https:')) return undefined;
    return `needs an https:// URL (a server of your own: start it, and give its URL with --ca or --insecure); ${WARNING}`;
  },
  judge(history) {
    const at = history.measures('transport')[0];
    const seen = history.measures('multiplexed')[0];
    if (!at || !seen) return inconclusive('no session was opened');
    const { offered, opened, asked, reason } = seen.facts;
    const measured = { offered: offered || null, streams: opened ?? 0 };
    const facts = { measured, because: [seen] };
    if (offered === 'h2') {
      return opened === asked
        ? pass(`h2: ${opened} streams on one connection`, facts)
        : fail(
            `takes h2, but of ${asked} streams on one connection only ${opened} were opened (${reason ?? 'no answer'})`,
            facts,
          );
    }
    if (!offered && reason !== null) return inconclusive(`the TLS handshake failed: ${reason}`, facts);
    if (at.facts.altSvc === true)
      return inconclusive('offers HTTP/3 by Alt-Svc, which is not tried here, and no h2', facts);
    return fail(`offers ${offered || 'no protocol by ALPN'}, so that a browser speaks HTTP/1.1`, facts);
  },
  examples: { pass: story('h2', 7), fail: story('http/1.1', 0) },
});

function story(offered: string, opened: number) {
  return [
    [1, { type: 'measure', name: 'transport', facts: { scheme: 'https', loopback: true, altSvc: false } }],
    [2, { type: 'measure', name: 'multiplexed', facts: { offered, asked: 7, opened, reason: null } }],
  ] as const;
}
