import type { Finding, HistoryEvent, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

export default defineCheck({
  id: 'leaked-session',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'A phone that left its network sends no FIN. Without a deadline for an answer to a PING its call, its handler and its buffers stay; and a GOAWAY to who hears nothing frees none of them.',
      fix: 'Set the keepalive of the server to 20 s and its timeout to 10 s (grpc.keepalive_time_ms and grpc.keepalive_timeout_ms; in Go keepalive.ServerParameters): by default it is two hours or never. Of grpc-js take 1.14 or later: 1.13 sends the PINGs and keeps who does not answer.',
      source:
        'CHECKLIST rule 12; gRPC, proposal A9: "any outstanding RPCs on dead connections waste resources"; RFC 9113 6.8: a GOAWAY lets its sender go on "while still finishing processing of previously established streams"',
    },
    sse: {
      why: 'A phone that left its network sends no FIN, and a client of a stream of events never answers anything. The kernel sends again for 15 minutes (Linux: tcp_retries2), and so long its stream, its subscriptions and its buffers stay.',
      fix: 'End each stream after a minute or so, whole: its client comes back at once, with its last id. Or let TCP give up sooner (TCP_USER_TIMEOUT of 60 s).',
      source:
        'CHECKLIST rule 12; WHATWG HTML 9.2.1: "Clients will reconnect if the connection is closed"; RFC 5482: TCP User Timeout',
    },
  },
  level: 'MUST',
  antiPattern: 4,
  byEnds: true,
  role: 'server',
  patterns: ['client-streaming', 'server-streaming', 'bidirectional'],
  scenario: 'frozen',
  byHand: true,
  title: 'MUST let go of a client whose link is dead within 90 s',
  why: 'A phone that left its network sends no FIN. Without a deadline for an answer its session, its subscriptions and its buffers stay until the process ends.',
  fix: 'Ping each client and end the session when no pong has come within one or two intervals (ws: the isAlive example; Python websockets: ping_timeout).',
  source:
    'CHECKLIST rule 12; RFC 6455 5.5.2: "A Ping frame may serve either as a keepalive or as a means to verify that the remote endpoint is still responsive."',
  measured: { releasedMs: 'ms', by: 'close | FIN | RST | packets dropped' },
  expect: { maxReleaseMs: 90_000 },
  decidedBy: [['releasedMs', 'maxReleaseMs']],
  scaled: ['maxReleaseMs'],
  judge(history, { target, expect }) {
    const limit = expect.maxReleaseMs ?? 90_000;
    const broken = history.of('obstacle').find((event) => event.code === 'BASELINE');
    if (broken) return inconclusive(broken.text, { because: [broken] });
    const injected = history.of('fault').find((event) => event.fault === 'freeze' && event.what === 'inject');
    const bites = history.bites('freeze');
    if (!injected) return inconclusive('the link was never frozen');
    const isGrpc = target.protocol === 'grpc';
    // Where a client says nothing, what is withheld is the server's alone, and it may be silent (CHECKLIST rule 1).
    const mute = target.protocol === 'sse';
    if (bites.length === 0 && (!mute || history.measures('frozen')[0]?.facts.frozen === false)) {
      const why = 'the freeze withheld nothing, so it may not have acted';
      // Who lets go of every quiet session soon may do so before there was anything to withhold.
      const isDropped = history.measures('dropped').length > 0 && history.bites('packet-drop').length > 0;
      return isDropped ? judgeDropped(history, injected, limit, why) : inconclusive(why, { because: [injected] });
    }
    // A GOAWAY, without a stream, ends no call.
    const said = history
      .of('message')
      .find(
        (event) =>
          event.gate === 'frozen' &&
          event.dir === 'down' &&
          event.opcode === 'close' &&
          event.t >= injected.t &&
          (!isGrpc || event.stream !== undefined),
      );
    const end = history
      .of('connection')
      .find(
        (event) => event.gate === 'frozen' && event.what === 'end' && event.by === 'server' && event.t >= injected.t,
      );
    const released = said ?? end;
    if (released && released.t - injected.t <= limit) {
      const how = said
        ? mute || isGrpc
          ? 'ending the stream'
          : 'a close frame'
        : `a ${end?.what === 'end' ? end.how : 'FIN'}`;
      return pass(`let go after ${inWords(released.t - injected.t)}, by ${how}`, {
        measured: {
          releasedMs: Math.round(released.t - injected.t),
          by: said ? 'close' : end?.what === 'end' ? end.how : null,
        },
        because: [...bites.slice(0, 1), released],
      });
    }
    const keepalive = history.measures('frozen')[0]?.facts.keepalive === true;
    // Our gate acknowledged every keepalive probe and every event: only dropped packets show what TCP would do.
    const byTcp = mute || isGrpc;
    if (byTcp && target.server?.command === undefined)
      return skipped('needs --server CMD: still held; whether TCP gives a dead link up only dropped packets can tell');
    if (keepalive || byTcp)
      return judgeDropped(
        history,
        injected,
        limit,
        mute || !keepalive ? 'may let go by TCP' : 'relies on TCP keepalive',
      );
    return fail(`still held the dead session after ${inWords(limit)}`, {
      measured: { releasedMs: null, by: null },
      because: [injected, ...bites.slice(0, 1)],
    });
  },
  examples: {
    pass: [
      [0, { type: 'fault', fault: 'freeze', what: 'inject', who: 'f', facts: {} }],
      [5000, { type: 'fault', fault: 'freeze', what: 'bite', who: 'f', facts: { withheldUpBytes: 14 } }],
      [
        40_000,
        {
          type: 'connection',
          gate: 'frozen',
          conn: 1,
          what: 'end',
          by: 'server',
          how: 'FIN',
          upBytes: 0,
          downBytes: 0,
        },
      ],
    ],
    fail: [
      [0, { type: 'fault', fault: 'freeze', what: 'inject', who: 'f', facts: {} }],
      [5000, { type: 'fault', fault: 'freeze', what: 'bite', who: 'f', facts: { withheldUpBytes: 14 } }],
      [92_000, { type: 'measure', name: 'frozen', facts: { released: false, keepalive: false } }],
    ],
  },
});

function judgeDropped(history: HistoryView, injected: HistoryEvent, limit: number, how: string): Finding {
  const dropped = history.measures('dropped')[0];
  const bites = history.bites('packet-drop');
  const obstacle = history.of('obstacle').find(({ code }) => code === 'NO_PACKET_DROP' || code === 'NAMESPACE_FAILED');
  if (!dropped || bites.length === 0) {
    const why = obstacle ? ` (${obstacle.text})` : '';
    return inconclusive(`${how}, which only dropped packets can test${why}`, { because: [injected] });
  }
  const ms = dropped.facts.releasedMs;
  if (typeof ms === 'number' && ms <= limit) {
    return pass(`let go after ${inWords(ms)} of dropped packets`, {
      measured: { releasedMs: Math.round(ms), by: 'packets dropped' },
      because: [dropped],
    });
  }
  return fail(
    `still held after ${inWords(limit)} of dropped packets${how.includes('keepalive') ? ', for all its TCP keepalive' : ''}`,
    {
      measured: { releasedMs: null, by: null },
      because: [dropped, ...bites],
    },
  );
}
