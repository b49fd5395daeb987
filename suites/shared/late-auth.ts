import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { statusName } from '../../harness/grpc-status.js';
import { inWords } from '../../harness/numbers.js';
import { logsInByMessage, type Stranger, spoiled, strangersOf } from './credential-evidence.js';

/** Handshake answers and close codes that say what is missing; 3000 and 3003 are "Unauthorized" and "Forbidden" in IANA's registry. */
const TELLING = [401, 403, 407, 1008, 3000, 3003];

export default defineCheck({
  id: 'late-auth',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Verify the credential in an interceptor, before the handler runs, and end the call with UNAUTHENTICATED, or PERMISSION_DENIED where it is known and may not.',
      source:
        'CHECKLIST late-auth and rule 21; 10 s, and 1 s because a 10,000 ms timer is never exact; gRPC, statuscodes.md, UNAUTHENTICATED: "The request does not have valid authentication credentials for the operation."',
    },
    sse: {
      fix: 'Verify the credential before the head of the answer is written, and answer 401 or 403: a browser then stops, instead of coming back for ever.',
      source: 'CHECKLIST late-auth and rule 21; 10 s, and 1 s because a 10,000 ms timer is never exact',
    },
  },
  level: 'MUST',
  antiPattern: 2,
  role: 'server',
  streams: 'any',
  scenario: 'credentials',
  title: 'MUST give and obey nothing before a good credential, and end who has none within 10 s',
  why: 'A server that serves first and asks for the credential later, or never, gives its messages to anybody who can reach it; and sessions that never log in hold its descriptors for nothing.',
  fix: 'Verify the credential in the upgrade handler and answer 401 or 403; where it comes as the first message, subscribe nobody before it and close with 1008 or 4401 after a few seconds.',
  source:
    'CHECKLIST late-auth and rule 21; 10 s, and 1 s because a 10,000 ms timer is never exact; graphql-transport-ws, ConnectionInit: "the server will close the socket with the event: 4408"',
  measured: {
    handshakeStatus: 'HTTP status',
    openMs: 'ms, the longest',
    deliveredBefore: 'messages',
    closeCode: 'code',
  },
  expect: { maxOpenMs: 11_000 },
  decidedBy: [['openMs', 'maxOpenMs']],
  scaled: ['maxOpenMs'],
  implies: ['auth-window'],
  unless: ({ auth }) => {
    if (auth === undefined) return 'needs --auth';
    return auth.in === 'none' ? 'the target declares that it asks for no credential (--auth none)' : undefined;
  },
  judge(history, { target, expect }) {
    const why = spoiled(history);
    if (why !== undefined) return inconclusive(why, { because: history.measures('stranger') });
    const strangers = strangersOf(history);
    const longest = strangers.reduce((one, other) => (other.openMs > one.openMs ? other : one));
    const served = strangers.find(({ delivered, obeyed }) => delivered.length > 0 || obeyed);
    const measured = {
      handshakeStatus: (served ?? longest).status,
      openMs: Math.round(longest.openMs),
      deliveredBefore: strangers.reduce((sum, { delivered, obeyed }) => sum + delivered.length + (obeyed ? 1 : 0), 0),
      closeCode: longest.closeCode,
    };
    const because = [...history.bites('bad-credentials'), ...strangers.map(({ event }) => event)];
    if (served)
      return fail(`${served.delivered.length > 0 ? 'delivered to' : 'obeyed'} a client with ${served.credential}`, {
        measured,
        because: [...because, ...served.delivered.slice(0, 3)],
      });
    const unread = strangers.find((one) => one.unread);
    if (unread)
      return inconclusive(`a client with ${unread.credential} got messages that cannot be read here`, {
        measured,
        because,
      });
    const tried = strangers.some(({ name }) => name === 'wrong') ? '' : '; a wrong one was not tried: needs --bad-auth';
    if (longest.openMs > (expect.maxOpenMs ?? 11_000) || !longest.ended) {
      if (logsInByMessage(history, target))
        return pass(`nothing before the login, which this protocol has as its first message${tried}`, {
          measured,
          because,
        });
      return fail(`kept a client with ${longest.credential} for ${inWords(longest.openMs)} and more`, {
        measured,
        because,
      });
    }
    return pass(`${told(longest, target.protocol)}${tried}`, {
      measured,
      because,
      confidence: tried === '' ? 'high' : 'medium',
    });
  },
  examples: { pass: story(401, 0), fail: story(101, 12_500) },
});

const BETTER: Readonly<Record<string, string>> = { sse: '401 or 403', grpc: 'UNAUTHENTICATED or PERMISSION_DENIED' };

function told({ status, taken, openMs, closeCode, credential, grpcStatus }: Stranger, protocol: string): string {
  const code = taken && grpcStatus === null ? closeCode : status;
  const name = grpcStatus === null ? code : statusName(grpcStatus);
  const how = taken
    ? `ended after ${inWords(openMs)}${protocol === 'sse' ? '' : ` (${name ?? 'no code'})`}`
    : `refused (${name ?? 'no answer'})`;
  const telling = code !== null && (TELLING.includes(code) || Math.floor(code / 100) === 44);
  const better = BETTER[protocol] ?? '401, 403, 1008 or 44xx';
  return `${credential}: ${how}, nothing before${telling ? '' : `; ${better} would say why`}`;
}

function story(status: number, openMs: number) {
  const facts = {
    name: 'silent',
    status,
    openMs,
    ended: openMs < 11_000,
    closeCode: null,
    echoed: false,
    broadcast: false,
  };
  return [
    [
      1,
      { type: 'fault', fault: 'bad-credentials', what: 'bite', who: 'silent', facts: { credential: 'none', status } },
    ],
    [openMs + 2, { type: 'measure', name: 'stranger', facts }],
    [openMs + 2, { type: 'measure', name: 'good', facts: { open: true } }],
  ] as const;
}
