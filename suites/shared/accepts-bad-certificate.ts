import type { EventOf, Target } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { schemeOf } from '../../harness/protocol.js';

const KINDS = ['self-signed', 'expired', 'wrong-name'];

export default defineCheck({
  id: 'accepts-bad-certificate',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Leave certificate and host name checks on (no rejectUnauthorized: false, InsecureSkipVerify, override of the target name); give the channel credentials the CA of a private server instead.',
      source:
        'RFC 9110 section 4.3.4 ("the client MUST verify that the service\'s identity is an acceptable match for the URI\'s origin server") with RFC 6125 and RFC 5280 section 6; CHECKLIST: "refused, no credential sent"',
    },
  },
  level: 'MUST',
  antiPattern: 2,
  role: 'client',
  scenario: 'certificates',
  streams: 'any',
  title: 'MUST refuse a server whose certificate is self-signed, expired or for another name, and send it nothing',
  why: 'A client that takes any certificate hands its credential to whoever answers: on a hotel network that is not the server.',
  fix: 'Leave certificate and host name checks on (no rejectUnauthorized: false, InsecureSkipVerify, CERT_NONE, check_hostname = False); give the client the CA of a private server instead.',
  source:
    'RFC 6455 section 10.6, RFC 9110 section 4.3.4 ("the client MUST verify that the service\'s identity is an acceptable match for the URI\'s origin server") with RFC 6125 and RFC 5280 section 6; CHECKLIST: "refused, no credential sent"',
  measured: { accepted: 'kinds of certificate', refusals: 'what the client said' },
  expect: {},
  judge(history, { target }) {
    const visits = history.measures('certificate');
    const good = visits.find(({ facts }) => facts.kind === 'good');
    if (!good) return inconclusive('the client was never shown a certificate');
    if (!sent(good)) return skipped(whyNot(good, target), { because: [good] });
    const bad = KINDS.flatMap((kind) => visits.filter(({ facts }) => facts.kind === kind));
    const accepted = bad.filter(sent).map(({ facts }) => String(facts.kind));
    const refusals = bad.map(({ facts }) => `${facts.kind}: ${facts.refusal ?? 'connection ended'}`);
    const measured = { accepted, refusals };
    const bites = history.bites('bad-certificate');
    if (accepted.length > 0) {
      const because = [...bites, ...bad.filter(sent)];
      return fail(`sent its request to a server whose certificate was ${accepted.join(', ')}`, { measured, because });
    }
    const unseen = KINDS.filter((kind) => !bites.some(({ facts }) => facts.kind === kind));
    if (unseen.length > 0)
      return inconclusive(`the client was never shown a certificate that is ${unseen.join(', ')}`, { because: bad });
    return pass('took the good certificate, and sent nothing to a server with a bad one', {
      measured,
      because: [good, ...bad],
    });
  },
  examples: { pass: story(0), fail: story(180) },
});

/** A handshake that a client breaks off after it is finished is a refusal too: what it sends through it tells. */
function sent({ facts }: EventOf<'measure'>): boolean {
  return Number(facts.trustedBytes) > 0;
}

/** Without a good certificate that is taken, a bad one that is not proves nothing. */
function whyNot({ facts }: EventOf<'measure'>, { protocol }: Target): string {
  const scheme = schemeOf(protocol, true);
  const taker = `needs a client that takes ${scheme.startsWith('h') ? 'an' : 'a'} ${scheme}:// URL`;
  if (Number(facts.plain) > 0) return `${taker}: this one spoke without TLS`;
  if (Number(facts.came) === 0) return `${taker}: this one did not come`;
  if (Number(facts.shown) === 0) return `${taker}: this one left before it was shown a certificate`;
  return `needs a client that trusts the CA of NODE_EXTRA_CA_CERTS or SSL_CERT_FILE: it refused a good certificate${
    facts.refusal === null ? '' : ` (${facts.refusal})`
  }, so its refusing others would prove nothing`;
}

function story(trustedBytes: number) {
  const visit = (kind: string, bytes: number) => ({
    type: 'measure' as const,
    name: 'certificate',
    facts: { kind, came: 1, shown: 1, trustedBytes: bytes, plain: 0, refusal: null, exited: false },
  });
  return [
    [1000, visit('good', 180)],
    ...KINDS.flatMap((kind, n) => [
      [2000 + n, { type: 'fault', fault: 'bad-certificate', what: 'bite', who: kind, facts: { kind } }] as const,
      [3000 + n, visit(kind, kind === 'expired' ? trustedBytes : 0)] as const,
    ]),
  ] as const;
}
