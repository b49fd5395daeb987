import { type Growth, growthOf, risesAfterFirst } from '../../harness/attempts.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords, mean } from '../../harness/numbers.js';
import { outageOf } from '../../harness/outage.js';
import { BACKOFF, seldomerThanDocument } from './connection-backoff.js';
import { MAY_WAIT_MORE, WAITS, waitsByStandard } from './event-source-standard.js';
import { allEnded, outageStory, unready } from './outage-evidence.js';

/** At the cap it takes this many to say that the delays have stopped there. */
const REMARK_MS = 60_000;
/** So many that each waits half as long again, and again, do not do so by chance, however few delays a long backoff shows. */
const MIN_PROCESSES = 4;

export default defineCheck({
  id: 'fixed-retry',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    sse: { level: 'SHOULD', title: 'SHOULD wait longer after each failed attempt, up to a cap of at most 120 s' },
    grpc: {
      fix: 'Leave the waiting to the channel, whose backoff grows from 1 s by 1.6 to 120 s: issue the call again with waitForReady, and make no channel of your own for each attempt. Where the library has no backoff (connect, grpclib, tonic), multiply the delay after each failure from about 1 s.',
      source: `CHECKLIST rule 5, fitted over the means of all processes; delays run from start to start, without the one before the first attempt, which is the application's. ${BACKOFF}`,
    },
  },
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'MUST wait longer after each failed attempt, up to a cap of at most 120 s',
  why: 'A fleet that retries at a fixed rate keeps a struggling server down: the load never lets up while it tries to start.',
  fix: 'Multiply the delay after each failure (by 1.5 to 2) from about 1 s to a cap of 30 s; begin again only after a connection has lasted.',
  source: `CHECKLIST rule 5, fitted over the means of all processes; the numbers of the gRPC connection-backoff document: 1 s, x1.6, cap 120 s; for a stream of events a SHOULD (rule 17), for ${WAITS}, ${MAY_WAIT_MORE}`,
  measured: {
    attempts: 'per process',
    firstDelayMs: 'ms',
    growthFactor: 'factor',
    growthLower: '95 % bound',
    growthUpper: '95 % bound',
    capMs: 'ms',
    delaysMs: 'ms, means over processes',
  },
  expect: { maxCapMs: 120_000, flatBelow: 1.2, growsAbove: 1.05, lastOverFirst: 1.5 },
  samples: 'attempts',
  decidedBy: [
    ['growthLower', 'growsAbove', 'pass'],
    ['growthUpper', 'flatBelow', 'fail'],
  ],
  scaled: ['maxCapMs'],
  controls: { fixed: 'fail', exponential: 'pass', 'full-jitter': 'pass' },
  judge(history, { expect, options, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const { curve, start } = outage;
    const means = curve.means.slice(start.growth);
    const cap = curve.capIndex === undefined ? undefined : curve.capIndex - start.growth;
    const first = means[0] ?? 0;
    const last = means.at(-1) ?? 0;
    // A cap from the first delay on is no cap but a fixed delay; otherwise the cap itself still shows growth.
    const fitted = cap === undefined || cap === 0 ? means : means.slice(0, cap + 1);
    const growth = growthOf(fitted);
    const capMs = cap === undefined || cap === 0 ? null : Math.round(mean(means.slice(cap)));
    const measured = {
      attempts: Math.min(...outage.attempts.map(({ length }) => length)),
      firstDelayMs: Math.round(curve.means[0] ?? 0),
      growthFactor: growth ? round(growth.factor) : null,
      growthLower: growth ? round(growth.lower) : null,
      growthUpper: growth ? round(growth.upper) : null,
      capMs,
      delaysMs: curve.means.map(Math.round),
    };
    const because = outage.attempts[0]?.slice(0, 6).map((attempt) => attempt.first) ?? [];
    const seen = means
      .slice(0, 6)
      .map((ms) => inWords(ms))
      .join(', ');
    const left = means.length < 3 ? allEnded(history, outage) : undefined;
    if (left) return skipped(`follows from gives-up: ${left}`, { measured, because });
    if (means.length < 3)
      return inconclusive(
        `only ${means.length} delays were seen in ${inWords(outage.endAt - outage.cutAt)} (${seen}): it waits long, or gave up; --long watches longer`,
        { measured, because },
      );
    const tops = means.filter((ms) => ms > (expect.maxCapMs ?? 120_000));
    if (tops.length > 0) return fail(`waited ${inWords(Math.max(...tops))} between attempts`, { measured, because });
    const rise = riseAfterFirst(fitted, expect);
    if (rise)
      return pass(
        `the delays grow by ${round(rise.factor)} after a first one that is longer (${seen}): it also holds how long the loss took to be noticed`,
        {
          measured: {
            ...measured,
            growthFactor: round(rise.factor),
            growthLower: round(rise.lower),
            growthUpper: round(rise.upper),
          },
          because,
          confidence: 'medium',
        },
      );
    const doubled = means.slice(1).some((ms) => ms >= 2 * first);
    const grown = last >= (expect.lastOverFirst ?? 1.5) * first;
    if (growth && growth.upper < (expect.flatBelow ?? 1.2) && !doubled) {
      if (target.protocol === 'grpc' && seldomerThanDocument(means, options.scale))
        return inconclusive(
          `the delays do not grow (${seen}), and a backoff of 1 s that grows by 1.6 would have been over before each of them: the program calls too seldom to show its channel's (--long)`,
          { measured, because },
        );
      const { remark, ...standard } = waitsByStandard(target);
      return fail(`the delays do not grow: ${seen}${remark}`, { measured, because, ...standard });
    }
    const remark = capMs !== null && capMs > REMARK_MS * options.scale ? `; a cap of ${inWords(capMs)} is long` : '';
    const capped = capMs === null ? 'no cap seen' : `cap ${inWords(capMs)}`;
    if (growth && growth.lower > (expect.growsAbove ?? 1.05) && grown) {
      return pass(`the delays grow by ${round(growth.factor)} (${seen}), ${capped}${remark}`, { measured, because });
    }
    const steps = Math.min(
      ...outage.backoffs.map((list) => climb(list.slice(start.growth, start.growth + means.length))),
    );
    if (steps >= (expect.lastOverFirst ?? 1.5) && outage.backoffs.length >= MIN_PROCESSES)
      return pass(
        `each delay of each process is at least ${round(steps)} times the one before (${seen}), ${capped}${remark}`,
        {
          measured,
          because,
          confidence: 'medium',
        },
      );
    // Too few delays below the cap for a fit, but three and more at a cap that lies clearly above the first.
    const rises = fitted.every((ms, k) => k === 0 || ms > 1.1 * (fitted[k - 1] ?? 0));
    if (
      cap !== undefined &&
      cap > 0 &&
      means.length - cap >= 3 &&
      capMs !== null &&
      capMs >= (expect.lastOverFirst ?? 1.5) * first &&
      rises
    ) {
      return pass(`the delays grow at once to their cap (${seen}), ${capped}${remark}`, {
        measured,
        because,
        confidence: 'medium',
      });
    }
    return inconclusive(`the delays (${seen}) neither clearly grow nor clearly stay; --long watches longer`, {
      measured,
      because,
    });
  },
  examples: {
    pass: outageStory([1000, 2000, 4000, 8000, 16_000], 0.2),
    fail: outageStory([1000, 1000, 1000, 1000, 1000], 0.2),
  },
});

function riseAfterFirst(delays: readonly number[], expect: Readonly<Record<string, number>>): Growth | undefined {
  if (!risesAfterFirst(delays)) return undefined;
  const later = delays.slice(1);
  const growth = growthOf(later);
  const grown = (later.at(-1) ?? 0) >= (expect.lastOverFirst ?? 1.5) * (later[0] ?? 0);
  return growth && growth.lower > (expect.growsAbove ?? 1.05) && grown ? growth : undefined;
}

/** The smallest factor from one delay to the next; 0 where a process made too few to tell. */
function climb(delays: readonly number[]): number {
  if (delays.length < 3) return 0;
  return Math.min(...delays.slice(1).map((ms, k) => ms / Math.max(1, delays[k] ?? 0)));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
