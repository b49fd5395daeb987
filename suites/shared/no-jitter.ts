import { IMMEDIATE_MS, tailsOf } from '../../harness/attempts.js';
import type { EventBodyAt, Finding, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { deviation, inWords, mean, median } from '../../harness/numbers.js';
import { CONTROL_GATE, COPY_GATE, type Outage, outageOf } from '../../harness/outage.js';

const PROCESSES = 8;
const ATTEMPTS = 3;

export default defineCheck({
  id: 'no-jitter',
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'MUST draw its retry delays at random, so that a fleet does not come back in step',
  why: 'Ten thousand clients that were cut in the same instant and all wait exactly 1, 2, 4 s arrive together each time: the server is flattened again and again.',
  fix: 'Multiply each delay by a random factor (0.5 to 1.5, or full jitter), after the cap was applied, so that it is not lost there.',
  source: 'CHECKLIST rule 6: deviation over processes / mean, against a control client of fixed delay in the same run',
  measured: {
    jitterRatio: 'ratio below the cap',
    jitterRatioAtCap: 'ratio',
    noiseFloorMs: 'ms',
    processes: 'count',
    attempts: 'delays compared',
  },
  expect: { failBelow: 0.02, passAbove: 0.04, noiseFactor: 3, minProcesses: PROCESSES },
  judge(history, { expect }) {
    const outage = outageOf(history);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const { curve, noise, delays } = outage;
    const processes = delays.filter((list) => list.length >= ATTEMPTS + (curve.immediate ? 1 : 0)).length;
    const start = curve.immediate ? 1 : 0;
    if (curve.means.every((ms) => ms <= IMMEDIATE_MS)) {
      return skipped('follows from hot-retry: it waits for nothing that could be drawn at random');
    }
    const cap = curve.capIndex ?? curve.ratios.length;
    const fixed = cap === start;
    const columns = range(start, fixed ? curve.ratios.length : cap);
    const parts = [
      {
        where: fixed ? 'of a fixed delay' : 'below the cap',
        ratio: median(columns.map((k) => curve.ratios[k] ?? 0)),
        spreadMs: median(columns.map((k) => curve.deviations[k] ?? 0)),
      },
    ];
    const tails = fixed ? undefined : tailsOf(delays.filter((list) => list.length >= ATTEMPTS));
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
    if (processes < wanted)
      return inconclusive(
        `only ${processes} processes made ${ATTEMPTS} attempts and more; ${wanted} are compared (--copies)`,
        { measured, because },
      );
    if (curve.ratios.length - start < ATTEMPTS)
      return inconclusive(`only ${curve.ratios.length - start} delays could be compared`, { measured, because });
    const flat = parts.find((part) => part.ratio < (expect.failBelow ?? 0.02));
    if (flat) {
      const ms = inWords(flat.spreadMs);
      return fail(
        `${processes} processes differ by ${percent(flat.ratio)} ${flat.where} (${ms}; the harness's own noise is ${inWords(noise.floorMs)})`,
        { measured, because },
      );
    }
    const good = parts.every(
      (part) => part.ratio > (expect.passAbove ?? 0.04) && part.spreadMs > (expect.noiseFactor ?? 3) * noise.floorMs,
    );
    const said = parts.map((part) => `${percent(part.ratio)} ${part.where}`).join(', ');
    if (good) return pass(`${processes} processes differ by ${said}`, { measured, because });
    return inconclusive(
      `${processes} processes differ by ${said}: between jitter and the noise of this machine (${inWords(noise.floorMs)})`,
      { measured, because },
    );
  },
  examples: {
    pass: outageStory([1000, 2000, 4000, 8000, 16_000], 0.3),
    fail: outageStory([1000, 2000, 4000, 8000, 16_000], 0),
  },
});

/** What keeps every check on attempts from a verdict. */
export function unready(history: HistoryView, outage: Outage | undefined): Finding | undefined {
  const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
  if (baseline) return inconclusive(baseline.text, { because: [baseline] });
  if (!outage) return inconclusive('the outage was not carried through');
  if (history.bites('reset').length === 0) return inconclusive('the cut is not proven: no control peer saw the reset');
  const total = outage.attempts.reduce((sum, list) => sum + list.length, 0);
  if (total === 0) return skipped('follows from no-reconnect: it made no attempt while it was refused');
  if (history.bites('refuse').length === 0) return inconclusive('nothing was refused');
  if (outage.closedBackMs === null) {
    return inconclusive('behaves differently when refused: the copy that met a really closed port did not come back');
  }
  if (!outage.noise.trusted) {
    return inconclusive(
      `the control client of known delay was not seen as what it is (mean ${inWords(outage.noise.meanMs)}, deviation ${inWords(outage.noise.floorMs)}): this machine is too busy to time anything`,
    );
  }
  return undefined;
}

/** Eight processes and eight controls, cut at 0, with these mean delays and this relative spread. */
export function outageStory(means: readonly number[], spread: number): EventBodyAt[] {
  const story: EventBodyAt[] = [
    [0, { type: 'phase', phase: 'fault' }],
    [0, { type: 'fault', fault: 'reset', what: 'bite', who: 'cut', facts: {} }],
    [1, { type: 'fault', fault: 'refuse', what: 'bite', who: 'refuse', facts: {} }],
  ];
  const process = (gate: string, delays: readonly number[]) => {
    let t = 0;
    for (const [conn, delay] of delays.entries()) {
      t += delay;
      story.push([t, { type: 'connection', gate, conn, what: 'start' }]);
      t += 1;
      story.push([
        t,
        { type: 'connection', gate, conn, what: 'end', by: 'gate', how: 'RST', upBytes: 9, downBytes: 0 },
      ]);
    }
  };
  for (let i = 0; i < PROCESSES; i++) {
    process(
      `${COPY_GATE}${i}`,
      means.map((ms) => ms * (1 + spread * (i / (PROCESSES - 1) - 0.5) * 2)),
    );
    process(
      `${CONTROL_GATE}${i}`,
      Array.from({ length: 20 }, () => 1000 + (i % 2)),
    );
  }
  story.push(
    [70_000, { type: 'phase', phase: 'recovery' }],
    [71_000, { type: 'measure', name: 'closed copy', facts: { backMs: 900 } }],
  );
  return story.sort((a, b) => a[0] - b[0]);
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
