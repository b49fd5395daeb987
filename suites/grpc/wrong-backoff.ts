import { growthOf, stallOf } from '../../harness/attempts.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { deviation, inWords, mean, median, studentT } from '../../harness/numbers.js';
import { outageOf } from '../../harness/outage.js';
import { BACKOFF, OTHERS } from '../shared/connection-backoff.js';
import { outageStory, unready } from '../shared/outage-evidence.js';

/** A mean of eight delays drawn in +-20 % is off by no more. */
const NEAR = [0.85, 1.2] as const;
/** Delays from which the factor can be told well (rule 5 asks for 4). */
const PLENTY = 6;

/** As the document is written, so is it judged: another curve is wrong where it comes more often, or where a fleet stays in step. */
export default defineCheck({
  id: 'grpc/wrong-backoff',
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'MUST back off its connections from 1 s by 1.6 with +-20 % to 120 s, or come less often than that',
  why: 'gRPC channels of all languages share one curve, and servers are dimensioned for it. A smaller cap or a shorter first delay multiplies the load of a fleet in just the minutes in which nothing answers.',
  fix: 'Keep the defaults of the library: raise a lowered maximum of the reconnect backoff (grpc-js and C-core: grpc.max_reconnect_backoff_ms, grpc-go: ConnectParams.Backoff.MaxDelay) to 120 s, the initial one to 1 s. A loop of your own over a library without a backoff must wait as long.',
  source: `${BACKOFF}; ${OTHERS}`,
  measured: {
    attempts: 'per process',
    firstDelayMs: 'ms, from the first attempt to the second',
    growthFactor: 'factor',
    jitterRatio: 'ratio',
    attemptsAsDocumented: 'as many as the document makes in the time of those compared',
    seenUpToMs: 'ms, longest delay, mean',
    delaysMs: 'ms, means over processes, start to start',
  },
  expect: { initialMs: 1000, multiplier: 1.6, maxMs: 120_000, leastShare: 0.8, minJitter: 0.02, minDelays: 4 },
  samples: 'attempts',
  scaled: ['initialMs', 'maxMs'],
  judge(history, { expect, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const { initialMs = 1000, multiplier = 1.6, maxMs = 120_000, leastShare = 0.8 } = expect;
    const { curve, backoffs } = outage;
    const { means } = curve;
    const n = means.length;
    const documents = means.map((_, k) => Math.min(maxMs, initialMs * multiplier ** k));
    // Each channel of a pool has a backoff of its own.
    const channels = Math.max(1, ...outage.channels);
    const allowedMs = sum(documents.slice(0, Math.floor(n / channels)));
    const spent = backoffs.filter(({ length }) => length >= Math.max(n, 3)).map((list) => sum(list.slice(0, n)));
    const spentMs = mean(spent);
    const errorMs =
      (studentT(spent.length - 1) * deviation(spent)) / Math.sqrt(spent.length) +
      stallOf(history, outage.cutAt, outage.endAt);
    let documented = 1;
    for (let t = initialMs, ms = initialMs; t <= spentMs; t += ms) {
      ms = Math.min(maxMs, ms * multiplier);
      documented += 1;
    }
    const jitters = curve.ratios.slice(outage.start.jitter);
    const longestMs = Math.max(0, ...means);
    const measured = {
      attempts: Math.min(...outage.attempts.map(({ length }) => length)),
      firstDelayMs: n > 0 ? Math.round(means[0] ?? 0) : null,
      growthFactor: round(growthOf(means)?.factor),
      jitterRatio: jitters.length > 0 ? round(median(jitters)) : null,
      attemptsAsDocumented: n > 0 ? channels * documented : null,
      seenUpToMs: Math.round(longestMs),
      delaysMs: means.map(Math.round),
    };
    const because = outage.attempts[0]?.slice(0, 10).map(({ first }) => first) ?? [];
    const told = means.slice(0, 8).map(inWords).join(', ');
    if (n < (expect.minDelays ?? 4))
      return inconclusive(`only ${n} delays between attempts were seen (${told}): --long watches longer`, {
        measured,
        because,
      });
    const asOften = `${n + 1} attempts in ${inWords(spentMs)} (${told}), in which the document makes ${channels * documented}`;
    if (spentMs + errorMs < leastShare * allowedMs) return fail(asOften, { measured, because });
    const last = documents.at(-1) ?? 0;
    const cap = curve.capIndex === undefined ? [] : means.slice(curve.capIndex);
    const capMs = mean(cap);
    const capped = cap.length >= 3 && cap.every((ms) => Math.abs(ms - capMs) <= 0.15 * capMs);
    if (channels === 1 && capped && capMs * 1.1 < leastShare * last)
      return fail(
        `no delay is longer than ${inWords(Math.max(...cap))} (${told}), and the document's go on to ${inWords(maxMs)}`,
        { measured, because },
      );
    if (spent.length >= 8 && jitters.length >= 2 && median(jitters) < (expect.minJitter ?? 0.02))
      return fail(`${spent.length} processes stay in step, with ${told}`, { measured, because });
    if (spentMs < leastShare * allowedMs)
      return inconclusive(`${asOften}: too near the limit for ${spent.length} draws (--copies)`, { measured, because });
    const near = means.every((ms, k) => ms >= NEAR[0] * (documents[k] ?? 0) && ms <= NEAR[1] * (documents[k] ?? 0));
    const part = `seen from ${inWords(means[0] ?? 0)} to ${inWords(longestMs)}, and not up to its ${inWords(maxMs)}`;
    const sure = near && n >= PLENTY && spent.length >= 8;
    return pass(
      near
        ? `the document's curve (${told}), ${part}`
        : `another curve than the document's, and no more attempts, which it allows (${told}), ${part}`,
      { measured, because, confidence: sure ? 'high' : 'medium' },
    );
  },
  examples: {
    pass: outageStory([700, 1000, 1600, 2560, 4100, 6550, 10_500], 0.2),
    fail: outageStory([700, 1000, 1600, 2560, 3000, 3000, 3000, 3000], 0.2),
  },
});

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function round(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 100) / 100;
}
