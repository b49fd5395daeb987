import { IMMEDIATE_MS } from '../../harness/attempts.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords, mean } from '../../harness/numbers.js';
import {
  FIRST_GOODBYES,
  farewellsOf,
  GOODBYE_GATE,
  goodbyeLabel,
  isSpoiled,
  NOISE_FACTOR,
  returnsAfter,
} from '../../harness/turned-away.js';
import { waitsByStandard } from './event-source-standard.js';
import { goodbyeStory, missing } from './turned-away-evidence.js';

/** Codes that say so: RFC 6455's, and "service restart" of the IANA registry. */
const GOING_AWAY = new Set([1001, 1012]);
const ROUNDS = [...FIRST_GOODBYES, goodbyeLabel(2)];

export default defineCheck({
  id: 'slow-to-leave',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      title: 'SHOULD come back at a time drawn at random, within 60 s, when the server goes away and ends its call',
      why: 'A server that is deployed says GOAWAY and ends its calls with UNAVAILABLE. Clients that all call again in the same instant meet its successor as one herd; those that take the end for final stay away.',
      fix: 'Call again after a random delay, also where a retryPolicy gives up or the status is OK; let the channel choose the next server.',
      source:
        'CHECKLIST: back within the drain window (60 s), with jitter (rule 6); RFC 9113, 6.8: GOAWAY "allows an endpoint to gracefully stop accepting new streams while still finishing processing of previously established streams": who stays in a call that goes on is not asked to leave it',
    },
  },
  level: 'SHOULD',
  antiPattern: 6,
  role: 'client',
  scenario: 'turned-away',
  title:
    'SHOULD leave when the server says that it is going away, and come back at a time drawn at random, within 60 s',
  why: 'A server that is deployed waits for its clients to go and then cuts them off. Those that stay lose what was on its way; those that all come back in the same instant meet its successor as one herd.',
  fix: 'Answer the close frame at once, finish nothing new, and reconnect after a random delay (for 1012 the registry says 5 to 30 s); after the orderly end of a stream of events too, though nothing failed.',
  source:
    'CHECKLIST: force-close 30-60 s after the notice; RFC 6455, 5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in response ... as soon as practical"; of a stream of events the end of its body is the goodbye; rule 6 for the jitter',
  measured: { leaveMs: 'ms, the slowest', backMs: 'ms, the slowest', jitterRatio: 'ratio', noiseFloorMs: 'ms' },
  expect: {
    maxLeaveMs: 30_000,
    maxBackMs: 60_000,
    failBelow: 0.02,
    passAbove: 0.04,
    noiseFactor: NOISE_FACTOR,
    minProcesses: 8,
  },
  decidedBy: [
    ['leaveMs', 'maxLeaveMs'],
    ['backMs', 'maxBackMs'],
    ['jitterRatio', 'passAbove', 'pass'],
  ],
  scaled: ['maxLeaveMs', 'maxBackMs'],
  needs: ['no-reconnect'],
  patterns: ['server-streaming', 'bidirectional'],
  unless: ({ client, server }) => {
    if (client?.listen !== undefined)
      return 'needs a client that takes its address ({url} or TARGET_URL): copies are compared';
    if (server?.url !== undefined) return 'needs --server CMD: a server that Holdfast did not start is not stopped';
    return server?.port !== undefined || server?.serialCopies
      ? 'needs a server that takes its port ({port} or PORT): a second copy takes in those that the first one sends away'
      : undefined;
  },
  judge(history, { expect, target }) {
    const hasCodes = target.protocol === 'websocket';
    const overGrpc = target.protocol === 'grpc';
    const farewells = ROUNDS.flatMap((label) => farewellsOf(history, label)).filter(
      ({ code }) => !hasCodes || (code !== undefined && GOING_AWAY.has(code)),
    );
    // A call that is let go on after GOAWAY is nobody's to leave.
    const told = farewells.filter(({ leaveMs }) => !overGrpc || leaveMs !== null);
    if (farewells.length > 0 && told.length === 0)
      return inconclusive('the server said GOAWAY and let the calls go on', {
        because: farewells.slice(0, 8).map((one) => one.told),
      });
    const acted = [...history.bites('goodbye'), ...history.bites('stop')];
    if (acted.length === 0) return missing(history, GOODBYE_GATE, 'nobody said goodbye');
    if (told.length === 0 && target.server)
      return skipped(
        !hasCodes
          ? `follows from abrupt-shutdown: the server did not ${overGrpc ? 'say that it is going away' : 'end its streams in order'}`
          : 'follows from abrupt-shutdown or wrong-close-code: the server did not say that it is going away',
      );
    if (told.length === 0) return inconclusive('no goodbye was seen at a gate');
    const leaveMs = Math.max(...told.map((one) => one.leaveMs ?? Number.POSITIVE_INFINITY));
    const backMs = Math.max(...told.map((one) => one.backMs ?? Number.POSITIVE_INFINITY));
    const returns = ROUNDS.flatMap((label) => returnsAfter(history, label));
    const factor = expect.noiseFactor ?? NOISE_FACTOR;
    const compared = returns.filter(
      (one) => one.delays.length >= (expect.minProcesses ?? 8) && !isSpoiled(one, factor),
    );
    const ratio = mean(compared.map((one) => one.spreadMs / one.meanMs));
    const floorMs = Math.max(...returns.map(({ noise }) => noise.floorMs));
    const measured = {
      leaveMs: finite(leaveMs),
      backMs: finite(backMs),
      jitterRatio: compared.length === 0 ? null : Math.round(ratio * 1000) / 1000,
      noiseFloorMs: finite(floorMs),
    };
    const found = { measured, because: [...acted.slice(0, 1), ...told.slice(0, 8).map((one) => one.told)] };
    const { maxLeaveMs = 30_000, maxBackMs = 60_000 } = expect;
    const times = (late: readonly unknown[]) => `${late.length} of ${told.length} times`;
    const stayed = told.filter((one) => !overGrpc && (one.leaveMs === null || one.leaveMs > maxLeaveMs));
    if (stayed.length > 0)
      return fail(`${times(stayed)} it neither answered the close frame nor left within ${inWords(maxLeaveMs)}`, found);
    const away = told.filter((one) => one.backMs === null || one.backMs > maxBackMs);
    // One of several servers goes away, and the channel has the others: round_robin.
    const others = history.measures('told').filter(({ facts }) => away.some(({ gate }) => gate === facts.gate));
    const elsewhere = others.find(({ facts }) => typeof facts.elsewhere === 'string')?.facts.elsewhere;
    if (away.length > 0 && elsewhere !== undefined)
      return inconclusive(
        `its call was ended, and it was ${times(away)} not back within ${inWords(maxBackMs)}; it also has a connection to ${elsewhere}, where its next call may be`,
        found,
      );
    if (away.length > 0)
      return fail(
        `${overGrpc ? 'its call was ended, and it' : 'left, and'} was ${times(away)} not back within ${inWords(maxBackMs)}`,
        found,
      );
    const said = `${overGrpc ? 'its call was over' : 'left'} within ${inWords(leaveMs)}, back within ${inWords(backMs)}`;
    // Rule 6: a first retry within 100 ms is judged by herd-retry alone.
    if (returns.every(({ meanMs }) => meanMs <= IMMEDIATE_MS))
      return skipped(`follows from herd-retry: ${said}, which is at once, with no delay to draw at random`, found);
    if (compared.length === 0)
      return inconclusive(
        `${said}; their delays could not be compared: ${returns[0]?.delays.length ?? 0} copies, and ${inWords(floorMs)} of this machine's own noise`,
        found,
      );
    const differ = `${said}; the delays of ${compared[0]?.delays.length} copies differ by ${Math.round(ratio * 1000) / 10} %`;
    if (ratio < (expect.failBelow ?? 0.02)) {
      const { remark, ...standard } = waitsByStandard(target);
      return fail(`${differ}${remark}`, { ...found, ...standard });
    }
    const clear = compared.every(({ spreadMs, noise }) => spreadMs > factor * noise.floorMs);
    if (clear && ratio > (expect.passAbove ?? 0.04)) return pass(differ, found);
    return inconclusive(`${differ}: not clearly more than this machine's noise (${inWords(floorMs)})`, found);
  },
  examples: { pass: story(20), fail: story(null) },
});

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms) : null;
}

function story(leaveMs: number | null): EventBodyAt[] {
  return goodbyeStory(0, 1001, leaveMs, (copy) => 1000 + 200 * copy);
}
