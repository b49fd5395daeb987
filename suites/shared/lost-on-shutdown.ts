import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';

// Accepted is what the process had read when the signal came: nothing lay unread in its sockets, and the message was sent
// a moment before. What is sent later may never have been in its hands, and is not judged.

/** Of these the history tells each message. */
const LAST_MS = 2000;

export default defineCheck({
  id: 'lost-on-shutdown',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'SHOULD',
  antiPattern: 6,
  role: 'server',
  scenario: 'rolling-restart',
  title: 'SHOULD deliver what it has accepted before it goes',
  why: 'Who sent a message saw it taken and will not send it again. What lies in a batch or a queue when the process ends is lost without a trace, at every deploy.',
  fix: 'On the stop signal finish the handlers that run and flush batches and queues before the streams are ended; exit when the sockets are drained.',
  source:
    'CHECKLIST; RFC 6455 1.4: "The closing handshake is intended to complement the TCP closing handshake", which alone is not reliable end to end. RFC 9112 9.6: "If a server performs an immediate close of a TCP connection, there is a significant risk that the client will not be able to read the last HTTP response."',
  inProtocol: {
    grpc: {
      fix: 'On the stop signal finish the handlers that run and flush batches and queues before the calls are ended; exit when GOAWAY has been followed by the end of every connection.',
      source:
        'CHECKLIST; RFC 9113 6.8: GOAWAY lets an endpoint "gracefully stop accepting new streams while still finishing processing of previously established streams"',
    },
  },
  measured: { accepted: 'messages', inFlight: 'messages', lost: 'messages', back: 'clients' },
  expect: { acceptedMs: 100, minMessages: 10, minKept: 0.99, minShared: 0.9 },
  samples: 'accepted',
  unless: ({ delivery }) => (delivery === 'latest' ? 'delivery is declared as latest: it may drop' : undefined),
  judge(history, { expect }) {
    const { acceptedMs = 100, minMessages = 10, minKept = 0.99, minShared = 0.9 } = expect;
    const signal = history.bites('rolling-restart')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const flow = history.measures('flow')[0];
    if (!flow) return inconclusive('the messages were not watched to their end', { because: [signal] });
    const { sent, kept, published, shared, unreadBytes } = flow.facts;
    if (Number(sent) + Number(published) === 0)
      return skipped('the server answers nothing and tells all clients nothing');
    // What we send late, the server has late.
    const loops = history.of('loop').filter(({ t }) => t > signal.t - LAST_MS);
    const surelyMs = acceptedMs + Math.max(0, ...loops.map(({ maxMs }) => maxMs));
    const alike = Number(shared) >= minShared * Number(published);
    if (Number(sent) === 0 && !alike)
      return skipped('the server tells each client something else, and answers nothing');
    const judged = [
      ...history.measures('sent').filter(({ facts }) => Number(facts.beforeMs) >= surelyMs),
      ...(alike ? history.measures('published') : []),
    ];
    const missing = (name: string) => judged.filter(({ facts }) => Number(facts[name]) < Number(facts.expected));
    const lost = missing('delivered');
    const back = history.measures('returned')[0]?.facts.back ?? null;
    const measured = { accepted: judged.length, inFlight: missing('atSignal').length, lost: lost.length, back };
    const because = [signal, flow, ...lost.slice(0, 3)];
    if (judged.length < minMessages)
      return inconclusive(`only ${judged.length} messages were under way before the signal`, { measured, because });
    if (Number(kept) < minKept * Number(sent))
      return inconclusive(`undisturbed it delivered only ${kept} of ${sent} messages`, { measured, because });
    if (lost.length === 0)
      return pass(
        `delivered all ${judged.length} messages of the last seconds, ${measured.inFlight} of them after the signal`,
        { measured, because },
      );
    if (unreadBytes !== 0)
      return inconclusive(`${lost.length} messages did not arrive, and it cannot be told that it had read them`, {
        measured,
        because,
      });
    return fail(`${lost.length} of ${judged.length} messages that it had accepted were never delivered`, {
      measured,
      because,
    });
  },
  examples: { pass: story(1), fail: story(0) },
});

function story(delivered: number): EventBodyAt[] {
  const facts = (i: number) => ({ beforeMs: 120 + 20 * i, expected: 1, delivered, atSignal: 0 });
  return [
    [0, { type: 'fault', fault: 'rolling-restart', what: 'bite', who: 's', facts: {} }],
    [3000, { type: 'measure', name: 'flow', facts: { sent: 90, kept: 90, published: 0, shared: 0, unreadBytes: 0 } }],
    ...Array.from({ length: 12 }, (_, i): EventBodyAt => [3000, { type: 'measure', name: 'sent', facts: facts(i) }]),
  ];
}
