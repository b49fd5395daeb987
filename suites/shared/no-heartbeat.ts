import type { EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords, median } from '../../harness/numbers.js';
import { isDuplex } from '../../harness/protocol.js';
import { heardBy } from './idle-evidence.js';

/** Messages closer together than this are the service itself, not a heartbeat (CHECKLIST rule 11). */
const BUSY_GAP_MS = 5000;
const WARN_MS = 25_000;
/** So many PINGs are two intervals, however short. */
const RHYTHM = 3;

export default defineCheck({
  id: 'no-heartbeat',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      title:
        'MUST send something, a PING will do, at least every 30 s on an idle call, or drop a client that sends none',
      why: 'Proxies and NATs drop idle connections after 30 to 100 s without telling anyone. Where neither side sends a PING, a quiet call and a dead one look the same, and both stay for ever.',
      fix: 'Set the keepalive of the server to 20 s (grpc.keepalive_time_ms; in Go keepalive.ServerParameters.Time; in Java keepAliveTime): by default it is two hours, or none. A PING goes no further than the next proxy: behind one, a small message on each quiet stream does the same for the whole way.',
      source:
        'CHECKLIST rule 11: 30 s, and 5 s because a timer is never exact; gRPC, proposal A9: "KEEPALIVE_TIME, defaulting to 2 hours"; RFC 9113 6.7: "PING frames are a mechanism for measuring a minimal round-trip time from the sender, as well as determining whether an idle connection is still functional"',
    },
    sse: {
      title: 'MUST send a heartbeat at least every 30 s on an idle stream',
      why: 'Proxies and NATs drop idle connections after 30 to 100 s without telling anyone. Their clients wait for events that never come, since nothing tells a quiet stream from a dead one.',
      fix: 'Write a comment (a line that begins with a colon, and a blank one) to every stream each 15 s.',
      source:
        'WHATWG HTML 9.2.7: "authors can include a comment line (one starting with a : character) every 15 seconds or so"; CHECKLIST rule 11: 30 s, and 5 s because a timer is never exact',
    },
  },
  level: 'MUST',
  antiPattern: 4,
  role: 'server',
  patterns: ['client-streaming', 'server-streaming', 'bidirectional'],
  scenario: 'idle',
  byHand: true,
  title: 'MUST send a heartbeat at least every 30 s on an idle connection',
  why: 'Proxies and NATs drop idle connections after 30 to 100 s without telling anyone; a server that says nothing loses its clients and does not know it.',
  fix: 'Send a protocol ping (or a small message) to every client each 15 to 25 s.',
  source:
    'CHECKLIST rule 11: 30 s, and 5 s because a 30,000 ms timer is never exact; nginx closes after 60 s idle (proxy_read_timeout)',
  measured: { longestSilenceMs: 'ms', kind: 'ping | comment | message | client-driven', watchedMs: 'ms' },
  expect: { maxSilenceMs: 35_000, maxReleaseMs: 90_000 },
  decidedBy: [['longestSilenceMs', 'maxSilenceMs']],
  scaled: ['maxSilenceMs', 'maxReleaseMs'],
  implies: ['idle-cut'],
  judge(history, { target, expect, options }) {
    const limit = expect.maxSilenceMs ?? 35_000;
    const isGrpc = target.protocol === 'grpc';
    const sessions = history.measures('watched');
    const [first] = sessions;
    if (!first) return inconclusive('no session was opened');
    const unread = history.of('undecodable').find((event) => event.dir === 'down');
    if (unread)
      return inconclusive(`what the server sent could not be decoded: ${unread.reason}`, { because: [unread] });
    // The longest-lived session shows most.
    const watched = sessions.reduce(
      (best, one) => (Number(one.facts.forMs) > Number(best.facts.forMs) ? one : best),
      first,
    );
    const endAt = watched.t;
    const openAt = endAt - Number(watched.facts.forMs);
    const { own, whole } = heardBy(history, watched);
    const control = own.filter(
      ({ opcode, packet }) => opcode === 'ping' || opcode === 'pong' || packet === 'heartbeat',
    );
    const times = (events: readonly { readonly t: number }[]) =>
      gaps(
        openAt,
        events.map(({ t }) => t),
        endAt,
      );
    const silence = Math.max(...times(own));
    const watchedMs = endAt - openAt;
    const beat = target.protocol === 'sse' ? 'comment' : 'ping';
    const kind = control.length > 0 ? beat : own.length > 0 ? 'message' : null;
    const measured = { longestSilenceMs: Math.round(silence), kind, watchedMs: Math.round(watchedMs) };
    const dropped = isGrpc ? dropsTheSilent(history, expect.maxReleaseMs ?? 90_000) : undefined;
    if (silence > limit && dropped) {
      const how = `answers PINGs, and dropped a client that sent none after ${inWords(Number(dropped.facts.releasedMs))}`;
      return pass(how, { measured: { ...measured, kind: 'client-driven' }, because: [watched, dropped] });
    }
    if (silence > limit) {
      const said = own.length === 0 ? 'sent nothing at all' : `was silent for ${inWords(silence)}`;
      // It may have waited for a login, of which we know nothing.
      const login = own.length === 0 && isDuplex(target) && target.subscribe === undefined && isMute(history);
      return fail(
        `the server ${said} in ${inWords(watchedMs)} of an idle connection${login ? '; nor did it answer anything: what it wants to hear first is given with --subscribe' : ''}`,
        { measured, because: [watched, ...own.slice(-1)], ...(login ? { confidence: 'medium' } : {}) },
      );
    }
    // A server that lets no connection grow old may show its rhythm sooner.
    const isRhythm = isGrpc && own.filter(({ opcode }) => opcode === 'ping').length >= RHYTHM;
    if (watchedMs < 2 * limit && !isRhythm) {
      if (whole && target.protocol === 'sse' && target.subscribe?.in === 'message')
        return skipped('what answers a POST is one answer, and was over', { measured, because: [watched] });
      // A stream that ends by itself sooner is never idle for so long; one that a client comes back to shows an interval.
      const ends = whole && (target.protocol === 'sse' || isGrpc);
      const mute = sessions.every((one) => heardBy(history, one).own.length === 0);
      if (mute && sessions.length > 1 && !ends) {
        const actual = `the server ended ${sessions.length} idle connections after ${inWords(watchedMs)} at most, and never sent a heartbeat`;
        return fail(actual, { measured, because: sessions, confidence: 'medium' });
      }
      if (!ends || watchedMs < limit)
        return inconclusive(
          `the server ended the idle connection after ${inWords(watchedMs)}, too early to see two intervals`,
          { measured, because: sessions },
        );
    }
    const beats = Math.max(...times(control)) <= limit;
    const mute = history.measures('mute')[0];
    // Answers to our own client's heartbeats; a server that pings by itself needs none.
    if (mute && !isGrpc && Math.max(...times(own.filter(({ opcode }) => opcode === 'ping'))) > limit) {
      const dropMs = typeof mute.facts.releasedMs === 'number' ? mute.facts.releasedMs : Number.POSITIVE_INFINITY;
      const facts = { measured: { ...measured, kind: 'client-driven' }, because: [mute, ...control.slice(0, 2)] };
      return dropMs <= (expect.maxReleaseMs ?? 90_000)
        ? pass(`answers the client's heartbeats, and dropped one that sent none after ${inWords(dropMs)}`, facts)
        : fail(
            `answers the client's heartbeats, but still held one that sent none after ${inWords(expect.maxReleaseMs ?? 90_000)}`,
            facts,
          );
    }
    if (!beats && median(times(own)) < BUSY_GAP_MS * options.scale) {
      const given = Object.keys(target.server?.quietEnv ?? {}).length > 0;
      return skipped(
        given ? 'the server is never silent, even with --quiet-env' : 'needs --quiet-env: the server is never silent',
        { measured },
      );
    }
    const warning = silence > WARN_MS * options.scale ? '; some proxies cut after 30 s, so it is tight' : '';
    return pass(
      `a ${beats ? beat : 'message'} at least every ${inWords(beats ? Math.max(...times(control)) : silence)}${warning}`,
      {
        measured: { ...measured, kind: beats ? beat : 'message' },
        because: (beats ? control : own).slice(0, 3),
      },
    );
  },
  examples: {
    pass: [
      [30_000, { type: 'message', gate: 'idle', conn: 1, dir: 'down', opcode: 'ping', bytes: 0, hash: '' }],
      [60_000, { type: 'message', gate: 'idle', conn: 1, dir: 'down', opcode: 'ping', bytes: 0, hash: '' }],
      [75_000, { type: 'measure', name: 'watched', facts: { session: 1, conn: 1, forMs: 75_000, ended: false } }],
    ],
    fail: [[75_000, { type: 'measure', name: 'watched', facts: { session: 1, conn: 1, forMs: 75_000, ended: false } }]],
  },
});

/** It sent nothing to who listens, and answered none of what it was sent before. */
function isMute(history: HistoryView): boolean {
  const workload = history.measures('workload')[0]?.facts;
  return workload?.push === false && workload.echo === false && workload.broadcast === false;
}

/** By HTTP/2's own PINGs (CHECKLIST rule 11): who sends them is kept, and who does not is gone in time. */
function dropsTheSilent(history: HistoryView, maxReleaseMs: number): EventOf<'measure'> | undefined {
  return history.measures('mute').find(({ facts: { releasedMs, answers, pingingOpen } }) => {
    const answered = pingingOpen === true && Number(answers) > 0;
    return answered && typeof releasedMs === 'number' && releasedMs <= maxReleaseMs;
  });
}

function gaps(from: number, times: readonly number[], to: number): number[] {
  const marks = [from, ...times, to];
  return marks.slice(1).map((at, index) => at - (marks[index] ?? at));
}
