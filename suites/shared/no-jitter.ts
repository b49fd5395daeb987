import { type Curve, curveOf, IMMEDIATE_MS, tailsOf } from '../../harness/attempts.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { deviation, inWords, mean, median } from '../../harness/numbers.js';
import { outageOf } from '../../harness/outage.js';
import { BACKOFF, seldomerThanDocument } from './connection-backoff.js';
import { MAY_WAIT_MORE, WAITS, waitsByStandard } from './event-source-standard.js';
import { allEnded, outageStory, unready } from './outage-evidence.js';

const PROCESSES = 8;
const ATTEMPTS = 3;
/** Who makes so many calls in 10 s and more of health asks again and again. */
const ASKS = 2;

export default defineCheck({
  id: 'no-jitter',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    sse: {
      level: 'SHOULD',
      title: 'SHOULD draw its retry delays at random, so that a fleet does not come back in step',
    },
    grpc: {
      fix: 'Leave the waiting to the channel, which draws its delays in +-20 %; multiply each delay of a loop of your own by a random factor (0.5 to 1.5), after the cap was applied.',
      source: `CHECKLIST rule 6: deviation over processes / mean, against a control client of fixed delay in the same run; asked from the second delay between attempts on, since the document gives the first none. ${BACKOFF}`,
    },
  },
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'MUST draw its retry delays at random, so that a fleet does not come back in step',
  why: 'Ten thousand clients that were cut in the same instant and all wait exactly 1, 2, 4 s arrive together each time: the server is flattened again and again.',
  fix: 'Multiply each delay by a random factor (0.5 to 1.5, or full jitter), after the cap was applied, so that it is not lost there.',
  source: `CHECKLIST rule 6: deviation over processes / mean, against a control client of fixed delay in the same run; for a stream of events a SHOULD (rule 17), for ${WAITS}, ${MAY_WAIT_MORE}`,
  measured: {
    jitterRatio: 'ratio below the cap',
    jitterRatioAtCap: 'ratio',
    noiseFloorMs: 'ms',
    processes: 'count',
    attempts: 'delays compared',
  },
  expect: { failBelow: 0.02, passAbove: 0.04, noiseFactor: 3, minProcesses: PROCESSES },
  samples: 'processes',
  decidedBy: [
    ['jitterRatio', 'passAbove', 'pass'],
    ['jitterRatioAtCap', 'passAbove', 'pass'],
    ['jitterRatio', 'failBelow', 'fail'],
    ['jitterRatioAtCap', 'failBelow', 'fail'],
  ],
  controls: { fixed: 'fail', exponential: 'fail', 'full-jitter': 'pass', decorrelated: 'pass' },
  judge(history, { expect, options, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const { curve, noise, backoffs } = outage;
    const start = outage.start.jitter;
    const processes = backoffs.filter((list) => list.length >= ATTEMPTS + start).length;
    if (curve.means.length > 0 && curve.means.every((ms) => ms <= IMMEDIATE_MS)) {
      return skipped('follows from hot-retry: it waits for nothing that could be drawn at random');
    }
    const cap = curve.capIndex ?? curve.ratios.length;
    const fixed = cap <= start;
    const columns = range(start, fixed ? curve.ratios.length : cap);
    const tails = fixed ? undefined : tailsOf(backoffs.filter((list) => list.length >= ATTEMPTS));
    const where = fixed ? 'of a fixed delay' : 'below the cap';
    const parts = [{ where, ...spreadOf(curve, columns) }];
    // A retry that came within 100 ms counts as one with the attempt before it, which shifts that process by one:
    // compared from the last delay backwards the others are in line again. In step either way is in step.
    const backwards = curveOf(backoffs.map((list) => list.toReversed()));
    const again = { where, ...spreadOf(backwards, range(0, backwards.ratios.length - start)) };
    if (!tails && parts[0] && again.ratio < parts[0].ratio) parts[0] = again;
    if (tails) parts.push({ where: 'at the cap', ratio: deviation(tails) / mean(tails), spreadMs: deviation(tails) });
    const measured = {
      jitterRatio: round(parts[0]?.ratio),
      jitterRatioAtCap: round(parts[1]?.ratio),
      noiseFloorMs: Math.round(noise.floorMs * 10) / 10,
      processes,
      attempts: columns.length,
    };
    const because = outage.attempts.flatMap((list) => list.slice(0, 2).map(({ first }) => first)).slice(0, 16);
    const wanted = expect.minProcesses ?? PROCESSES;
    const left = processes < wanted ? allEnded(history, outage) : undefined;
    if (left && curve.means.length < ATTEMPTS) return skipped(`follows from gives-up: ${left}`, { measured, because });
    if (processes < wanted)
      return inconclusive(
        `only ${processes} processes made ${ATTEMPTS} attempts and more; ${wanted} are compared (--copies)`,
        { measured, because },
      );
    if (curve.ratios.length - start < ATTEMPTS)
      return inconclusive(`only ${curve.ratios.length - start} delays could be compared`, { measured, because });
    const flat = parts.find((part) => part.ratio < (expect.failBelow ?? 0.02));
    // Delays that grow are no time of the program's calls.
    if (flat && fixed && outage.asked >= ASKS && seldomerThanDocument(curve.means, options.scale))
      return inconclusive(
        `${processes} processes differ by ${percent(flat.ratio)} ${flat.where}, and they come no sooner than they ask anyway: each keeps the time of its own calls`,
        { measured, because },
      );
    if (flat) {
      const ms = inWords(flat.spreadMs);
      const { remark, ...standard } = waitsByStandard(target);
      return fail(
        `${processes} processes differ by ${percent(flat.ratio)} ${flat.where} (${ms}; the harness's own noise is ${inWords(noise.floorMs)})${remark}`,
        { measured, because, ...standard },
      );
    }
    const good = parts.every(
      (part) => part.ratio > (expect.passAbove ?? 0.04) && part.spreadMs > (expect.noiseFactor ?? 3) * noise.floorMs,
    );
    // One that made another connection meanwhile is out of line with a fleet that is in step.
    const stepBreakers = backoffs.filter((_, i) => {
      const others = curveOf(backoffs.filter((_list, k) => k !== i));
      return spreadOf(others, columns).ratio < (expect.failBelow ?? 0.02);
    });
    if (good && stepBreakers.length > 0)
      return inconclusive(`but for one of them ${processes} processes are in step`, { measured, because });
    const said = parts.map((part) => `${percent(part.ratio)} ${part.where}`).join(', ');
    if (good) return pass(`${processes} processes differ by ${said}`, { measured, because });
    return inconclusive(
      `${processes} processes differ by ${said}: neither under ${percent(expect.failBelow)} nor over ${percent(expect.passAbove)} and three times this machine's noise (${inWords(noise.floorMs)})`,
      { measured, because },
    );
  },
  examples: {
    pass: outageStory([1000, 2000, 4000, 8000, 16_000], 0.3),
    fail: outageStory([1000, 2000, 4000, 8000, 16_000], 0),
  },
});

function spreadOf(curve: Curve, columns: readonly number[]): { readonly ratio: number; readonly spreadMs: number } {
  return {
    ratio: median(columns.map((k) => curve.ratios[k] ?? 0)),
    spreadMs: median(columns.map((k) => curve.deviations[k] ?? 0)),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

function round(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 1000) / 1000;
}

function percent(value: number | undefined): string {
  return value === undefined ? '0 %' : `${Math.round(value * 1000) / 10} %`;
}
