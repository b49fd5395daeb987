import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { statusName } from '../../harness/grpc-status.js';
import { inWords } from '../../harness/numbers.js';
import { drainsOf } from './drain-evidence.js';

/** Statuses of a call that nobody may issue again without thinking: a server that leaves has UNAVAILABLE for its calls. */
const MISLEADING = ['CANCELLED', 'UNKNOWN', 'INTERNAL'];

// RFC 9113 6.8: "GOAWAY allows an endpoint to gracefully stop accepting new streams while still finishing processing of previously
// established streams." statuscodes.md, of who generates what: "Server shutting down | UNAVAILABLE | Server"; "Some data
// transmitted (e.g., request metadata written to TCP connection) before connection breaks | UNAVAILABLE | Client". Any error code of GOAWAY will do.
export default defineCheck({
  id: 'grpc/no-goaway',
  level: 'MUST',
  antiPattern: 6,
  role: 'server',
  scenario: 'shutdown',
  streams: 'any',
  title: 'MUST send GOAWAY on the stop signal, before it ends its calls, which finish or get UNAVAILABLE',
  why: 'A channel keeps its connection for ever and puts each new call on it. Without GOAWAY it goes on asking a server that is about to die, and cannot tell which of its calls were begun.',
  fix: "On the stop signal call the library's graceful stop (Go: GracefulStop; grpc-js: tryShutdown; Python: stop(grace); Java: shutdown), which sends GOAWAY, then end the streams that do not end by themselves with UNAVAILABLE, then exit.",
  source:
    'RFC 9113 6.8: "Endpoints SHOULD always send a GOAWAY frame before closing a connection so that the remote peer can know whether a stream has been partially processed or not"; PROTOCOL-HTTP2.md: "Servers should send GOAWAY before terminating a connection"; CHECKLIST: new ones go elsewhere',
  measured: {
    connections: 'count',
    told: 'connections',
    goawayMs: 'ms',
    code: 'HTTP/2 error code',
    inFlight: 'calls',
    statuses: 'names',
  },
  expect: { lateMs: 1000 },
  samples: 'connections',
  scaled: ['lateMs'],
  judge(history, { expect }) {
    const signal = history.bites('stop')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const drains = drainsOf(history, signal.t);
    if (drains.length === 0) return inconclusive('no client was still connected when the signal came');
    const away = drains.flatMap(({ goaway }) => goaway ?? []);
    const calls = drains.flatMap(({ calls }) => calls);
    const names = calls.flatMap(({ status }) => (status === undefined ? [] : statusName(status)));
    const first = away[0];
    const measured = {
      connections: drains.length,
      told: away.length,
      goawayMs: first ? Math.round(first.t - signal.t) : null,
      code: first?.code ?? null,
      inFlight: calls.length,
      statuses: [...new Set(names)],
    };
    const untold = drains.filter(({ goaway }) => !goaway);
    if (untold.length > 0) {
      const unread = history.of('undecodable').find(({ gate, dir }) => gate === 'clients' && dir === 'down');
      if (unread) return inconclusive(`what the server sent could not be decoded: ${unread.reason}`, { measured });
      const ends = untold.flatMap(({ end }) => end ?? []);
      return fail(`${untold.length} of ${drains.length} connections got no GOAWAY`, {
        measured,
        because: [signal, ...ends.slice(0, 3)],
      });
    }
    const lateMs = expect.lateMs ?? 1000;
    const late = drains.find(({ goaway, firstEnd }) => goaway && firstEnd && goaway.t - firstEnd.t > lateMs);
    if (late?.goaway && late.firstEnd)
      return fail(
        `ended calls, and said GOAWAY only ${inWords(late.goaway.t - late.firstEnd.t)} later: meanwhile the next call came to it`,
        { measured, because: [signal, late.firstEnd, late.goaway] },
      );
    const because = [signal, ...away.slice(0, 3)];
    const wrong = names.find((name) => MISLEADING.includes(name));
    if (wrong !== undefined)
      return fail(`sent GOAWAY, and ended calls in flight with ${wrong}, not UNAVAILABLE`, {
        level: 'SHOULD',
        measured,
        because,
      });
    if (names.length < calls.length)
      return skipped('follows from hung-shutdown: it sent GOAWAY, and its calls in flight never ended', { measured });
    const after = inWords(Number(measured.goawayMs));
    return pass(
      `all ${drains.length} connections got GOAWAY, the first after ${after}; ${calls.length} calls in flight ended with ${measured.statuses.join(', ') || 'nothing'}`,
      { measured, because },
    );
  },
  examples: { pass: story(20), fail: story(5000) },
});

function story(goawayAt: number): EventBodyAt[] {
  const where = { gate: 'clients', conn: 1 } as const;
  return [
    [0, { type: 'connection', ...where, what: 'start' }],
    [1, { type: 'handshake', ...where, dir: 'up', stream: 1, rpc: '/a.B/C' }],
    [10, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
    [30, { type: 'trailers', ...where, stream: 1, grpcStatus: 14 }],
    [goawayAt, { type: 'frame', ...where, dir: 'down', frame: 'GOAWAY', stream: 0, code: 0, lastStream: 1 }],
    [6000, { type: 'connection', ...where, what: 'end', by: 'server', how: 'FIN', upBytes: 0, downBytes: 0 }],
  ];
}
