import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { NO_GOODBYE, partingStory, partingsOf, wordsOf } from './goodbye-evidence.js';

// RFC 9112 8: "A message body that uses the chunked transfer coding is incomplete if the zero-sized chunk that terminates the
// encoding has not been received." 6.3: "there is no way to distinguish a successfully completed, close-delimited response message
// from a partially received message interrupted by network failure": there a bare FIN says nothing, an event does.
export default defineCheck({
  id: 'abrupt-shutdown',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'MUST',
  antiPattern: 6,
  byEnds: true,
  role: 'server',
  scenario: 'shutdown',
  byHand: true,
  title: 'MUST say goodbye in the protocol before it ends its connections on the stop signal',
  why: 'A client that is told can leave in order and come back spread out. One whose connection just ends sees an error, and all of them see it in the same instant.',
  fix: 'Handle the stop signal: stop listening, say goodbye to each client (WebSocket: a close frame with 1001, going away, or 1012, service restart; SSE: an event that says so, or the orderly end of the chunked response), then exit.',
  source:
    'RFC 6455 7.4.1: "1001 indicates that an endpoint is \'going away\', such as a server going down". CHECKLIST rule 15: any close frame before the end is not abrupt; of a stream of events an event that says goodbye, or the clean end of its body',
  inProtocol: {
    grpc: {
      fix: "Handle the stop signal: stop listening, call the library's graceful stop (Go: GracefulStop; grpc-js: tryShutdown; Python: stop(grace); Java: shutdown), which says GOAWAY, end the streams that go on with UNAVAILABLE, then exit.",
      source:
        'PROTOCOL-HTTP2.md: "Servers should send GOAWAY before terminating a connection". CHECKLIST rule 15: GOAWAY, or the trailers of the call, before the end is not abrupt; a bare FIN or RST is',
    },
  },
  measured: {
    clients: 'connections',
    polite: 'connections',
    closeCode: 'code',
    ended: 'FIN | RST | none',
    graceMs: 'ms',
  },
  expect: {},
  samples: 'clients',
  needs: [],
  implies: ['hung-shutdown'],
  judge(history, { target }) {
    const signal = history.bites('stop')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const partings = partingsOf(history, signal.t);
    if (partings.length === 0) return inconclusive('no client was still connected when the signal came');
    const unread = history.of('undecodable').find((event) => event.gate === 'clients' && event.dir === 'down');
    const goodbyes = partings.flatMap(({ goodbye }) => goodbye ?? []);
    const silent = partings.filter(({ goodbye }) => !goodbye);
    const rude = silent.flatMap(({ end }) => end ?? []);
    const how = rude.at(-1)?.how ?? null;
    const [first] = goodbyes;
    const measured = {
      clients: partings.length,
      polite: goodbyes.length,
      closeCode: first?.closeCode ?? null,
      ended: how,
      graceMs: first ? Math.round(first.t - signal.t) : null,
    };
    if (unread && rude.length > 0)
      return inconclusive(`what the server sent could not be decoded: ${unread.reason}`, {
        measured,
        because: [unread],
      });
    if (rude.length > 0) {
      const because = [signal, ...rude.slice(0, 3)];
      if (rude.length === silent.length && silent.every(({ unknownWord }) => unknownWord))
        return inconclusive('the last that came was an event of a name never seen before: a goodbye or not?', {
          measured,
          because,
        });
      return fail(`${rude.length} of ${partings.length} clients got a bare ${how} and ${NO_GOODBYE[target.protocol]}`, {
        measured,
        because,
      });
    }
    if (silent.length > 0) {
      return fail(`${silent.length} of ${partings.length} clients were told nothing while the server stayed`, {
        measured,
        because: [signal],
      });
    }
    const after = inWords(Number(measured.graceMs));
    const told = `${wordsOf(target.protocol, goodbyes)}, the first after ${after}`;
    return pass(`all ${partings.length} clients ${told}`, { measured, because: [signal, ...goodbyes.slice(0, 3)] });
  },
  examples: {
    pass: partingStory([
      20,
      { type: 'message', gate: 'clients', conn: 1, dir: 'down', opcode: 'close', bytes: 2, hash: '', closeCode: 1001 },
    ]),
    fail: partingStory(),
  },
});
