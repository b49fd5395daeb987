import { stallOf } from '../../harness/attempts.js';
import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { deviation, inWords, mean, studentT } from '../../harness/numbers.js';
import { AGAIN, COPY_GATE, outageOf } from '../../harness/outage.js';
import { RESET } from './connection-backoff.js';
import { outageStory, unready } from './outage-evidence.js';

export default defineCheck({
  id: 'backoff-kept',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'A channel begins again once it was connected; set the counter of your own loop back too, once a call has lasted for some seconds.',
      source: `CHECKLIST rule 20: passes if the second outage, after 30 s of health, begins at half the largest delay of the first or less; the longer counts of the delay before the first attempt, which is the application's, and of the channel's after it. ${RESET}`,
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'SHOULD begin its backoff again after a time of health',
  why: 'A client that keeps the long delays of the last outage stays offline for half a minute after a hiccup of a second, for as long as its process lives.',
  fix: 'Set the counter of failures back once a connection has lasted for some seconds.',
  source:
    'CHECKLIST rule 20: passes if the second outage, after 30 s of health, begins at half the largest delay of the first or less',
  measured: { firstDelayMs: 'ms, mean, first outage', secondDelayMs: 'ms, mean, second', largestDelayMs: 'ms, mean' },
  expect: { maxShare: 0.5, grownBy: 3, minProcesses: 3 },
  // A delay that never grows has nothing to begin again from.
  needs: ['fixed-retry', 'hot-retry'],
  judge(history, { expect, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const { curve, again } = outage;
    const firsts = outage.begins.filter((ms) => ms !== undefined);
    if (firsts.length === 0) return skipped('follows from hot-retry: every attempt is immediate');
    const [firstMs, largestMs] = [mean(firsts), Math.max(...curve.means, 0)];
    const grown = { firstDelayMs: Math.round(firstMs), secondDelayMs: null, largestDelayMs: Math.round(largestMs) };
    if (curve.means.length === 0) return inconclusive('fewer than 3 delays were seen in the first outage');
    if (!again?.bites.some(({ fault }) => fault === 'reset'))
      return inconclusive('no second outage was made: no copy came back and held its session for 30 s', {
        measured: grown,
      });
    const lists = again.attempts;
    // Who made no attempt that was not immediate waited for all of the outage at least.
    const waited = again.begins.map((ms, i) => ms ?? again.longestMs[i] ?? 0);
    const waiting = again.begins.filter((ms) => ms === undefined).length;
    const secondMs = mean(waited);
    const errorMs = (studentT(waited.length - 1) * deviation(waited)) / Math.sqrt(waited.length);
    const measured = { ...grown, secondDelayMs: Math.round(secondMs) };
    const because = [...lists.flatMap((list) => list.slice(0, 1).map(({ first }) => first)), ...again.bites];
    if (waited.length < (expect.minProcesses ?? 3))
      return inconclusive(`only ${waited.length} copies held a session for 30 s before the second outage`, {
        measured,
        because,
      });
    const limitMs = (expect.maxShare ?? 0.5) * largestMs;
    const said = `the second outage began with ${waiting > 0 ? 'at least ' : ''}${inWords(secondMs)} on average, after ${inWords(firstMs)} and up to ${inWords(largestMs)} in the first`;
    // Who keeps its delays begins with the largest, however little they have grown.
    if (waiting === 0 && secondMs + errorMs <= limitMs) return pass(said, { measured, because });
    // Half of a delay that has hardly grown is less than the first one (rule 4).
    if (largestMs < (expect.grownBy ?? 3) * firstMs)
      return inconclusive(
        `in the first outage the delays grew only from ${inWords(firstMs)} to ${inWords(largestMs)}: too little to tell a backoff that is kept`,
        { measured, because },
      );
    // Beyond the limit for certain, or beyond it and for certain not where the first outage began.
    const least = secondMs - errorMs - stallOf(history, again.cutAt, again.endAt);
    if (least > limitMs || (secondMs > limitMs && least > 2 * firstMs)) return fail(said, { measured, because });
    return inconclusive(`${said}: too near the limit for ${waited.length} draws`, { measured, because });
  },
  examples: { pass: story(1000), fail: story(16_000) },
});

/** The first outage, then the first delay of the second. */
function story(delayMs: number): EventBodyAt[] {
  const gates = Array.from({ length: 8 }, (_, i) => `${COPY_GATE}${i}`);
  return [
    ...outageStory([1000, 2000, 4000, 8000, 16_000], 0.2),
    ...gates.map((gate) => [99_000, { type: 'measure', name: 'healthy again', facts: { gate } }] as const),
    [100_000, { type: 'phase', phase: 'fault', label: AGAIN }],
    [100_000, { type: 'fault', fault: 'reset', what: 'bite', who: 'cut', facts: {} }],
    ...gates.map((gate) => [100_000 + delayMs, { type: 'connection', gate, conn: 99, what: 'start' }] as const),
    [120_000, { type: 'phase', phase: 'recovery', label: AGAIN }],
  ];
}
