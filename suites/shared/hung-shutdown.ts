import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { partingsOf } from './goodbye-evidence.js';

/** The kernel's end of a process, seen late on a busy machine; the latest of docs/confirmed-sse.md was 400 ms. */
const AT_ONCE_MS = 2000;

export default defineCheck({
  id: 'hung-shutdown',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'MUST',
  antiPattern: 6,
  role: 'server',
  scenario: 'shutdown',
  byHand: true,
  title: 'MUST be gone within 60 s of the stop signal, with exit code 0',
  why: 'One client that does not answer the goodbye, or one stream that never ends by itself, must not hold up a deploy; what the orchestrator has to kill loses whatever it still held.',
  fix: 'Give the goodbye a deadline (30 to 60 s), then end what is left and exit with 0. A server that waits for its requests to end must end its streams itself.',
  source:
    'CHECKLIST rule 15: process and port gone; the exit code only of our own child, 0, or 143 where the goodbye was orderly',
  inProtocol: {
    grpc: {
      why: 'One client that keeps its connection, or one stream that never ends by itself, must not hold up a deploy: a graceful stop waits for its calls for ever. What the orchestrator has to kill loses whatever it still held.',
      fix: 'Give the graceful stop a deadline (30 to 60 s) and then call the hard one (Go: Stop; grpc-js: forceShutdown; Java: shutdownNow; Python: the grace of stop), and exit with 0. Streams without an end must be ended by the handler itself.',
    },
  },
  measured: { exitMs: 'ms', exitCode: 'code', signal: 'name' },
  expect: { maxExitMs: 60_000 },
  decidedBy: [['exitMs', 'maxExitMs']],
  scaled: ['maxExitMs'],
  judge(history, { expect, target, options }) {
    const limit = Math.max(expect.maxExitMs ?? 60_000, (target.server?.graceMs ?? 0) * options.scale);
    const signal = history.bites('stop')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const stayed = history.measures('stayed')[0];
    const gone = history.measures('gone')[0];
    if (stayed)
      return fail(`still there ${inWords(Number(stayed.facts.watchedMs))} after the signal`, {
        measured: { exitMs: null, exitCode: null, signal: null },
        because: [signal, stayed],
      });
    if (!gone) return inconclusive('its end was not watched', { because: [signal] });
    const exitMs = Number(gone.facts.exitMs);
    const { exitCode, signal: by, ownChild } = gone.facts;
    const measured = { exitMs: Math.round(exitMs), exitCode: exitCode ?? null, signal: by ?? null };
    if (exitMs > limit) return fail(`gone only after ${inWords(exitMs)}`, { measured, because: [signal, gone] });
    const partings = partingsOf(history, signal.t);
    if (partings.length === 0)
      return inconclusive('no client was still connected when the signal came', { measured, because: [signal, gone] });
    if (ownChild !== true)
      return pass(`gone after ${inWords(exitMs)}; its exit code is not ours to see`, {
        measured,
        because: [signal, gone],
      });
    const polite = partings.some(({ goodbye }) => goodbye);
    const asked = target.server?.stopSignal ?? 'SIGTERM';
    const stopped = exitCode === 143 || by === asked;
    if (exitCode === 0)
      return pass(`gone after ${inWords(exitMs)}, exit code 0`, { measured, because: [signal, gone] });
    if (stopped && polite)
      return pass(`gone after ${inWords(exitMs)} by the signal itself, after an orderly goodbye`, {
        measured,
        because: [signal, gone],
      });
    return fail(`gone after ${inWords(exitMs)}${endedBadly(exitMs, exitCode, by, asked)}`, {
      measured,
      because: [signal, gone],
      fix: 'Handle the stop signal and exit with 0 when the goodbye is done.',
    });
  },
  examples: {
    pass: [
      [0, { type: 'connection', gate: 'clients', conn: 1, what: 'start' }],
      [10, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
      [910, { type: 'measure', name: 'gone', facts: { exitMs: 900, ownChild: true, exitCode: 0, signal: null } }],
    ],
    fail: [
      [0, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
      [63_000, { type: 'measure', name: 'stayed', facts: { watchedMs: 63_000 } }],
    ],
  },
});

/** What nobody handles ends a process at once; one that lives on for seconds was at work on it. */
function endedBadly(exitMs: number, exitCode: unknown, by: unknown, asked: string): string {
  if (by === null || by === undefined) return `, but with exit code ${exitCode}`;
  if (by !== asked) return `, but it died of ${by}`;
  if (exitMs > AT_ONCE_MS) return ' by the signal itself, without a goodbye';
  return `, but killed by ${by}: nothing handled the signal`;
}
