import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { statusName } from '../../harness/grpc-status.js';
import { inWords } from '../../harness/numbers.js';
import { logsInByMessage, spoiled, strangersOf } from './credential-evidence.js';

export default defineCheck({
  id: 'auth-window',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      title: 'SHOULD refuse a client that has no good credential in the answer to its call',
      why: 'Each call that is taken before its credential is known costs a stream, a handler and a timer, and whoever wants to exhaust the server needs no account for it.',
      fix: 'Verify the credential in an interceptor, before the handler runs, and end the call with UNAUTHENTICATED.',
      source:
        'CHECKLIST auth-window; gRPC, statuscodes.md, UNAUTHENTICATED: "The request does not have valid authentication credentials for the operation."',
    },
    sse: {
      title: 'SHOULD refuse a client that has no good credential in the answer to its request',
      fix: 'Verify the credential before the head of the answer is written, and answer 401 or 403.',
      source:
        'CHECKLIST auth-window; RFC 9110 15.5.2: "The 401 (Unauthorized) status code indicates that the request has not been applied because it lacks valid authentication credentials for the target resource."',
    },
  },
  level: 'SHOULD',
  antiPattern: 2,
  role: 'server',
  streams: 'any',
  scenario: 'credentials',
  title: 'SHOULD refuse a client that has no good credential in the handshake itself',
  why: 'Each session that is taken before its credential is known costs a descriptor, a session and a timer, and whoever wants to exhaust the server needs no account for it.',
  fix: 'Verify the credential in the upgrade handler and answer 401 or 403 (ws: handleUpgrade after your check; Python websockets: process_request; FastAPI: raise WebSocketException before accept).',
  source:
    'CHECKLIST auth-window; RFC 6455 10.5: "The WebSocket server can use any client authentication mechanism available to a generic HTTP server"',
  measured: { unauthenticatedOpenMs: 'ms, the longest', handshakeStatus: 'HTTP status' },
  expect: {},
  unless: ({ auth }) => {
    if (auth === undefined) return 'needs --auth';
    return auth.in === 'none' ? 'the target declares that it asks for no credential (--auth none)' : undefined;
  },
  judge(history, { target }) {
    const why = spoiled(history);
    if (why !== undefined) return inconclusive(why, { because: history.measures('stranger') });
    const strangers = strangersOf(history);
    const taken = strangers.filter((one) => one.taken);
    const longest = strangers.reduce((one, other) => (other.openMs > one.openMs ? other : one));
    const measured = {
      unauthenticatedOpenMs: Math.round(longest.openMs),
      handshakeStatus: taken[0]?.status ?? longest.status,
    };
    const because = strangers.map(({ event }) => event);
    const [first] = taken;
    const { grpcStatus, status } = longest;
    const told = grpcStatus === null ? (status ?? 'no answer') : statusName(grpcStatus);
    if (!first) return pass(`refused at once (${told})`, { measured, because });
    if (logsInByMessage(history, target))
      return skipped('this protocol has the login as its first message', { measured, because });
    const left = longest.ended ? `ended it after ${inWords(longest.openMs)}` : 'kept it';
    const what = target.protocol === 'grpc' ? 'call' : 'handshake';
    return fail(`took the ${what} of a client with ${first.credential}, and ${left}`, { measured, because });
  },
  examples: { pass: story(403, 0), fail: story(101, 40) },
});

function story(status: number, openMs: number) {
  const facts = { name: 'silent', status, openMs, ended: true, closeCode: 4401, echoed: false, broadcast: false };
  return [
    [
      1,
      { type: 'fault', fault: 'bad-credentials', what: 'bite', who: 'silent', facts: { credential: 'none', status } },
    ],
    [openMs + 2, { type: 'measure', name: 'stranger', facts }],
    [openMs + 2, { type: 'measure', name: 'good', facts: { open: true } }],
  ] as const;
}
