import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { byPace, isUnseen, requestsOf } from './request-evidence.js';

// gRFC A6, "Transparent Retries": "the RPC request is sent and received by the server, and the server application logic handles
// the RPC, but it fails": there the library "will not" retry "without a configured retry policy"; where the server never saw it
// (REFUSED_STREAM, a GOAWAY with a lower last stream identifier) it may. Who has a policy says so in grpc-previous-rpc-attempts.
export default defineCheck({
  id: 'grpc/non-idempotent-retry',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  scenario: 'lost-answers',
  title:
    'MUST NOT send a request again whose connection was lost after it was sent, unless its method may be called twice',
  why: 'Nobody knows whether a request whose answer is lost was carried out. One that is sent again on its own is paid twice, posted twice, booked twice.',
  fix: 'Tell the caller (UNAVAILABLE) and let it decide; or give the method an idempotency_level in its .proto, or a retryPolicy in the service config, and the request an id that the server heeds.',
  source:
    'gRFC A6: a request that the server may have seen is sent again only by a configured retry policy; RFC 9113, 8.7: "A server MUST NOT indicate that a stream has not been processed unless it can guarantee that fact"; descriptor.proto: idempotency_level',
  measured: { lost: 'requests', sentAgain: 'of them', byPolicy: 'of them, with grpc-previous-rpc-attempts' },
  expect: {},
  samples: 'lost',
  judge(history) {
    const methods = history.measures('unary method').filter(({ facts }) => facts.idempotent === false);
    if (methods.length === 0 && history.measures('asked').length > 0)
      return skipped('none of the methods that are known takes one request and may not be called twice');
    const asked = requestsOf(history, new Set(methods.map(({ facts }) => facts.rpc)));
    if (asked.length === 0)
      return skipped('the client made no unary call of a known method that may not be called twice in 10 s');
    const bites = history.bites('lost-answer');
    const lost = asked.filter((one) =>
      bites.some(({ facts }) => facts.conn === one.conn && facts.stream === one.stream),
    );
    if (lost.length === 0) return inconclusive('no request could be cut off from its answer');
    const judged = lost.filter((one) => {
      const alike = asked.filter((other) => other.key === one.key && other.t < one.t);
      return alike.every((other) => lost.includes(other));
    });
    if (judged.length === 0) return byPace(history, asked, lost);
    const again = judged.flatMap((one) => {
      const next = asked.filter((other) => other.key === one.key && other.t > one.t && other.conn !== one.conn);
      return isUnseen(history, one) ? [] : next.slice(0, 1);
    });
    const byPolicy = again.filter(({ policy }) => policy);
    const measured = { lost: judged.length, sentAgain: again.length, byPolicy: byPolicy.length };
    const because = [...bites, ...again.map(({ event }) => event)];
    const of = `${judged.length} request${judged.length === 1 ? '' : 's'} whose answer was lost`;
    if (again.length > byPolicy.length)
      return fail(`of ${of} it sent ${again.length - byPolicy.length} again without a retry policy`, {
        measured,
        because,
      });
    const lastAt = Math.max(...judged.map(({ t }) => t));
    if (again.length > 0)
      return pass(`of ${of} it sent ${again.length} again by its retry policy`, { measured, because });
    if (history.measures('asked').some(({ facts }) => facts.exited === true))
      return pass(`ended at ${of}, and sent none again`, { measured, because });
    if (!asked.some(({ t }) => t > lastAt))
      return inconclusive(`it made no call after ${of}: it may not have come back yet`, { measured, because });
    return pass(`sent none again of ${of}`, { measured, because });
  },
  examples: { pass: story(false), fail: story(true) },
});

/** Three calls, of which the second is cut off from its answer. */
function story(again: boolean): EventBodyAt[] {
  const rpc = '/orders.Orders/Place';
  const asks = (t: number, conn: number, hash: string): EventBodyAt[] => [
    [t, { type: 'handshake', gate: 'victim', conn, dir: 'up', stream: t, rpc }],
    [t, { type: 'message', gate: 'victim', conn, dir: 'up', stream: t, opcode: 'binary', bytes: 9, hash }],
  ];
  return [
    ...asks(1000, 1, 'first'),
    [2000, { type: 'measure', name: 'unary method', facts: { rpc, idempotent: false } }],
    ...asks(3001, 1, 'second'),
    [3001, { type: 'fault', fault: 'lost-answer', what: 'bite', who: 'l', facts: { conn: 1, stream: 3001, rpc } }],
    ...(again ? asks(4001, 2, 'second') : []),
    ...asks(5001, 2, 'third'),
    [9000, { type: 'measure', name: 'asked', facts: { times: 3, exited: false } }],
  ];
}
