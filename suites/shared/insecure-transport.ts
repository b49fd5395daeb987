import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { isSecure } from '../../harness/protocol.js';

// "wss" URIs are those where "the secure flag" is set, and then "the client MUST perform a TLS handshake over the connection"
// [RFC 6455 3 and 4.1]
export default defineCheck({
  id: 'insecure-transport',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'Without TLS whoever is on the way reads the messages and the metadata, credentials among it, and writes messages of their own.',
      fix: 'Use a grpcs:// URL: server credentials with a certificate (credentials.NewTLS, ServerCredentials.createSsl), or a proxy in front of it that has one.',
    },
    sse: {
      why: 'Without TLS whoever is on the way reads the events and the credential, and writes events of their own; and browsers open six streams to a host and no more, since they speak HTTP/2 only over TLS.',
      fix: 'Use an https:// URL: a certificate in the server, or in the proxy in front of it.',
    },
  },
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  streams: 'any',
  scenario: 'transport',
  title: 'MUST be reached over TLS where the URL leads off this machine',
  why: 'Without TLS whoever is on the way reads the messages and the credential, and writes messages of their own. Old proxies break plain WebSockets besides, since they take them for HTTP.',
  fix: 'Use a wss:// URL: a certificate in the server, or in the proxy in front of it.',
  source: 'CHECKLIST insecure-transport and rule 21: judged is only a URL that the user gave',
  measured: { scheme: 'of the URL' },
  expect: {},
  unless: ({ server }) =>
    server?.url === undefined ? 'needs a URL: a server that Holdfast starts is on loopback' : undefined,
  judge(history, { target }) {
    const seen = history.measures('transport')[0];
    if (!seen) return inconclusive('no session was opened');
    const measured = { scheme: seen.facts.scheme ?? null };
    if (seen.facts.loopback === true) return skipped('the URL is one of this machine', { measured });
    const because = [
      seen,
      ...history.of('session').filter(({ name, what }) => name === 'transport' && what === 'open'),
    ];
    if (!isSecure(`${seen.facts.scheme}:`)) return fail('took a session without TLS', { measured, because });
    const note = target.insecure ? '; its certificate was not verified (--insecure)' : '';
    return pass(`over TLS${note}`, { measured, because });
  },
  examples: { pass: story('wss'), fail: story('ws') },
});

function story(scheme: string) {
  return [
    [1, { type: 'session', name: 'transport', what: 'open', status: 101 }],
    [1, { type: 'measure', name: 'transport', facts: { scheme, loopback: false } }],
  ] as const;
}
