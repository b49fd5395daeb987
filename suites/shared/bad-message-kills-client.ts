import { badMessagesOf } from '../../faults/bad-message.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { badMessageStory, laterOf, words } from './bad-message-evidence.js';

// "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8
// stream, that endpoint MUST _Fail the WebSocket Connection_." [RFC 6455 8.1] To close with 1007 and to come back is right.
export default defineCheck({
  id: 'bad-message-kills-client',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'SHOULD',
  antiPattern: null,
  role: 'client',
  scenario: 'bad-messages',
  inProtocol: {
    sse: {
      title: 'SHOULD live on after events that are empty, no JSON, an error page, invalid UTF-8 or no events at all',
      source:
        'CHECKLIST; WHATWG HTML 9.2.6: an unknown field “is ignored”; 9.2.5: “Streams must be decoded using the UTF-8 decode algorithm”, which replaces what is none',
    },
    grpc: {
      title:
        'SHOULD live on after messages that are empty, unknown, no protobuf or wrongly flagged: the call alone ends, and is made again',
      why: 'Sooner or later another version of the server sends something else. A call ends by it with INTERNAL; whoever takes that for the end of everything stops all clients at once.',
      fix: 'Take what is empty or unknown as the defaults that it stands for; handle INTERNAL as the end of one call, and make the call again with backoff, on the same channel.',
      source:
        'CHECKLIST; gRPC status codes: “Error parsing response proto | INTERNAL | Client”; gRPC compression: a message with its “Compressed-Flag bit set but lacking a grpc-encoding entry […] MUST fail with INTERNAL”, which is the call and not the program',
    },
  },
  title: 'SHOULD live on after a message that is empty, no JSON, an error page or invalid UTF-8, and take later ones',
  why: 'Sooner or later a proxy, an older server or a half-written deploy sends something else. One such message then stops every client at once.',
  fix: 'Parse in a try, drop what is not understood and count it; a connection that was closed for it is opened again.',
  source: 'CHECKLIST; RFC 6455 8.1: invalid UTF-8 MUST fail the connection, which is not the program',
  measured: { delivered: 'messages after the last bad one', exit: 'exit code or signal', fatal: 'which message' },
  expect: {},
  samples: 'delivered',
  needs: ['no-reconnect'],
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { target }) {
    const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    if (baseline) return inconclusive(baseline.text, { because: [baseline] });
    const unary = history.of('obstacle').find(({ code }) => code === 'NO_STREAM');
    if (unary) return skipped(unary.text);
    const tried = history.measures('after');
    const bitten = new Set(history.bites('bad-message').map(({ facts }) => facts.what));
    const view = history.of('report').some(({ event }) => event === 'message') ? 'application' : 'wire';
    const because = [...history.bites('bad-message'), ...tried];
    const last = tried.at(-1);
    const what = String(last?.facts.what);
    if (!last || !bitten.has(what))
      return inconclusive('no bad message could be sent between two good ones', { because });
    const deaf = tried.find(({ facts }) => bitten.has(facts.what ?? '') && laterOf(history, String(facts.what)).deaf);
    const measured = { delivered: laterOf(history, what).messages, exit: last.facts.exit ?? null, fatal: null };
    const details = { measured, view, because } as const;
    const at = (fatal: string) => ({ ...details, measured: { ...measured, fatal } });
    if (last.facts.exited === true) return fail(`its process ended at a bad message: ${words(what)}`, at(what));
    if (deaf) {
      const fatal = String(deaf.facts.what);
      return fail(`its application got nothing more after a bad message: ${words(fatal)}`, at(fatal));
    }
    if (last.facts.goesOn !== true) {
      if (last.facts.left !== true) return inconclusive('the server sent nothing more', details);
      const [session, ordered] = target.protocol === 'grpc' ? ['call', true] : ['connection', what === 'invalid UTF-8'];
      return fail(`its ${session} ended at a bad message (${words(what)}), and it did not come back`, {
        ...at(what),
        conformant: ordered && target.protocol !== 'sse',
      });
    }
    const kinds = badMessagesOf(target.protocol);
    const missing = kinds.filter((kind) => !bitten.has(kind));
    if (missing.length > 0) return inconclusive(`never sent: ${missing.map(words).join(', ')}`, details);
    const left = tried.filter(({ facts }) => facts.left === true).map(({ facts }) => words(String(facts.what)));
    const how = left.length > 0 ? `; left at ${left.join(', ')} and came back` : '';
    return pass(`went on after each of ${kinds.length} bad messages${how}`, details);
  },
  examples: { pass: badMessageStory(false), fail: badMessageStory(true) },
});
