import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';

// "Servers that are not intended to process input from any web page but only for certain sites SHOULD verify the |Origin|
// field is an origin they expect. If the origin indicated is unacceptable to the server, then it SHOULD respond to the
// WebSocket handshake with a reply containing HTTP 403 Forbidden status code." [RFC 6455 10.2]
export default defineCheck({
  id: 'websocket/cross-origin',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'manners',
  title: 'SHOULD refuse a handshake from a page of another host',
  why: 'A browser sends its cookies with any WebSocket handshake, whoever wrote the page. A server that takes every Origin lets each page on the web act as its visitors.',
  fix: 'Compare the Origin header with a list of your own and answer 403 (ws: verifyClient or the upgrade handler; gorilla: CheckOrigin; Python websockets: origins).',
  source: 'RFC 6455 10.2',
  measured: { status: 'HTTP status' },
  expect: {},
  judge(history) {
    const seen = history.measures('origin')[0];
    if (!seen) return inconclusive('no handshake from another host was tried');
    const measured = { status: seen.facts.status ?? null };
    const because = [seen];
    if (seen.facts.refused !== true)
      return fail('took a handshake with Origin: https://evil.example', { measured, because });
    if (seen.facts.status === 429 || seen.facts.status === 503)
      return inconclusive(`HTTP ${seen.facts.status} says nothing about the Origin`, { measured, because });
    const own = history.measures('same origin')[0];
    const everyone =
      own?.facts.refused === true ? "; a page of its own host too: it has a list, or takes no page's" : '';
    const how = seen.facts.status === 101 ? 'closed it at once' : `HTTP ${seen.facts.status ?? 'reset'}`;
    return pass(`refused Origin: https://evil.example (${how})${everyone}`, {
      measured,
      because: own ? [...because, own] : because,
      confidence: own?.facts.refused === false ? 'high' : 'medium',
      ...(own ? { settledBy: own } : {}),
    });
  },
  examples: {
    pass: [[1, { type: 'measure', name: 'origin', facts: { refused: true, status: 403 } }]],
    fail: [[1, { type: 'measure', name: 'origin', facts: { refused: false, status: 101 } }]],
  },
});
