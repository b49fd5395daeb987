import type { EventOf } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';

const KINDS: Readonly<Record<string, string>> = {
  'status 200': 'status 200 in place of 101',
  'wrong accept': 'a wrong Sec-WebSocket-Accept',
  'unasked subprotocol': 'a subprotocol that it had not asked for',
};
const NAMES: Readonly<Record<string, string>> = {
  'status 200': 'status200',
  'wrong accept': 'wrongAccept',
  'unasked subprotocol': 'unaskedSubprotocol',
};

// "If the status code received from the server is not 101, the client handles the response per HTTP [RFC2616] procedures."
// "If the response lacks a |Sec-WebSocket-Accept| header field or the |Sec-WebSocket-Accept| contains a value other than
// [...], the client MUST _Fail the WebSocket Connection_." "If the response includes a |Sec-WebSocket-Protocol| header
// field and this header field indicates the use of a subprotocol that was not present in the client's handshake (the
// server has indicated a subprotocol not requested by the client), the client MUST _Fail the WebSocket Connection_." [4.1]
export default defineCheck({
  id: 'websocket/accepts-bad-handshake',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  scenario: 'handshakes',
  title: 'MUST refuse a handshake answered with another status, a wrong accept value or a subprotocol nobody asked for',
  why: 'A proxy, a captive portal or another service answers too. A client that takes such an answer speaks to whoever it is, or waits on a connection that is none.',
  fix: 'Leave the checks of the handshake to a library that makes all of them, and compare the subprotocol that the server named with those you offered (many libraries leave that to you).',
  source: 'RFC 6455 4.1: the six conditions on the server’s handshake',
  measured: { status200: 'refused | accepted | unclear', wrongAccept: 'the same', unaskedSubprotocol: 'the same' },
  expect: {},
  judge(history) {
    const answered = history.measures('answered');
    const control = answered.find(({ facts }) => facts.answer === 'right');
    const wrong = Object.keys(KINDS).flatMap((kind) => answered.find(({ facts }) => facts.answer === kind) ?? []);
    const told = (event: EventOf<'measure'>) => outcomeOf(event, control?.facts.ponged === true);
    const measured = Object.fromEntries(wrong.map((event) => [NAMES[String(event.facts.answer)] ?? '', told(event)]));
    if (!control || control.facts.handshakes === 0 || wrong.length < 3)
      return inconclusive('the client asked our server for no WebSocket', { measured, because: answered });
    const accepted = wrong.filter((event) => told(event) === 'accepted');
    if (accepted.length > 0) {
      const how = accepted.map((event) => `${words(event)} (${sign(event)})`).join(', ');
      return fail(`took a handshake answered with ${how}`, { measured, because: accepted });
    }
    // Who gives no sign at a right answer either has refused nothing by being silent.
    if (told(control) !== 'accepted' && control.facts.left === true)
      return inconclusive('the client refused a right answer too', { measured, because: [control] });
    const unclear = wrong.filter((event) => told(event) === 'unclear');
    if (unclear.length > 0)
      return inconclusive(`neither took nor left a connection answered with ${unclear.map(words).join(', ')}`, {
        measured,
        because: unclear,
      });
    return pass(`refused ${wrong.map(words).join(', ')}`, { measured, because: answered });
  },
  examples: { pass: story(false), fail: story(true) },
});

/** Some let the connection lie where it is; who answers pings on a WebSocket, and not here, has not taken this for one. */
function outcomeOf({ facts }: EventOf<'measure'>, pongs: boolean): 'accepted' | 'refused' | 'unclear' {
  if (facts.took === true) return 'accepted';
  return (facts.left === true || pongs) && Number(facts.handshakes) > 0 ? 'refused' : 'unclear';
}

function words({ facts }: EventOf<'measure'>): string {
  return KINDS[String(facts.answer)] ?? String(facts.answer);
}

function sign({ facts }: EventOf<'measure'>): string {
  if (facts.ponged === true) return 'it answered a ping there';
  return Number(facts.said) > 0 ? 'it sent messages there' : `it reported "${facts.reported}"`;
}

function story(takes: boolean) {
  return ['right', ...Object.keys(KINDS)].map((answer, i) => {
    const took = answer === 'right' || (takes && answer === 'unasked subprotocol');
    const facts = { answer, handshakes: 1, ponged: took, said: 0, reported: null, took, left: !took };
    return [i, { type: 'measure', name: 'answered', facts }] as const;
  });
}
