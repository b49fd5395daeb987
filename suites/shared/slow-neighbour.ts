import type { EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords, percentile } from '../../harness/numbers.js';
import { tooGentle } from './pressure-evidence.js';

const LATE_MS = 5000;
/** Who has read more of what all were sent was no slow reader. */
const SLOW_SHARE = 0.5;

export default defineCheck({
  id: 'slow-neighbour',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'pressure',
  title: 'MUST serve the other clients as fast as before while one reads too slowly',
  why: 'A loop that waits for each client in turn is as fast as the slowest of them: one bad link freezes the room.',
  fix: 'Give each client a queue of its own (bounded) and a writer of its own; never wait for one client inside the loop over all.',
  source:
    'CHECKLIST rule 14: p99 at most twice that of a copy with fast readers under the same push, and 50 ms; what never arrived counts as late',
  measured: { p99BaselineMs: 'ms', p99Ms: 'ms', missing: 'messages', samples: 'count', kind: 'latency | gap' },
  expect: { maxFactor: 2, slackMs: 50, minSamples: 500 },
  samples: 'samples',
  judge(history, { expect, target }) {
    const none = history.of('obstacle').find(({ code }) => code === 'NO_PUSH');
    if (none) return skipped(`${none.text}; needs --subscribe or --pressure-env`);
    const sampled = history.measures('sampled')[0];
    const pushed = history.measures('pushed')[0];
    if (!sampled || !pushed) return inconclusive('no slow reader was put under a push');
    const kind = String(sampled.facts.kind);
    const fast = [...history.samples(`fast ${kind}`), ...late(Number(sampled.facts.fastMissing))];
    const arrived = history.samples(`slow ${kind}`);
    // A push has no answers to wait for: what the others got in the same time and these did not never came.
    const stalled = kind === 'gap' && pushed.facts.alive !== false;
    const shortfall = stalled && arrived.length < fast.length / 2 ? fast.length - arrived.length : 0;
    const missing = Number(sampled.facts.slowMissing) + shortfall;
    const slow = [...arrived, ...late(missing)];
    const base = percentile(fast, 99);
    const p99 = percentile(slow, 99);
    const measured = { p99BaselineMs: round(base), p99Ms: round(p99), missing, samples: slow.length, kind };
    const because = [pushed, sampled];
    const why = tooGentle(pushed, target);
    if (why !== undefined) return skipped(why, { measured });
    if (history.bites('slow-reader').length === 0)
      return inconclusive('nothing was left unread by the slow clients', { measured, because });
    if (fast.length < (expect.minSamples ?? 500))
      return inconclusive(`only ${fast.length} samples in the undisturbed copy`, { measured, because });
    if (slow.length < (expect.minSamples ?? 500))
      return inconclusive(`only ${slow.length} samples beside the slow clients`, { measured, because });
    if (Number(sampled.facts.fastMissing) > 0.01 * fast.length)
      return inconclusive('messages went missing in the undisturbed copy too', { measured, because });
    // The kernels must be full, else the server never met a slow reader.
    const full =
      Number(pushed.facts.fastTakenBytes) - Number(pushed.facts.slowTakenBytes) >= Number(pushed.facts.kernelBytes) &&
      Number(pushed.facts.slowTakenBytes) <= SLOW_SHARE * Number(pushed.facts.fastTakenBytes);
    const limit = (expect.maxFactor ?? 2) * base + (expect.slackMs ?? 50);
    const own = Math.max(
      0,
      ...history
        .of('loop')
        .filter(({ t }) => t >= timedFrom(history, pushed, kind))
        .map(({ maxMs }) => maxMs),
    );
    if (p99 > limit) {
      // As slow as these were none of its clients: it was we who stood still, or it that cuts everybody.
      if (pushed.facts.fastWhole === false)
        return inconclusive(
          'the server cut clients of the undisturbed copy too, which read as fast as this machine can',
          {
            measured,
            because,
          },
        );
      if (p99 - base <= 3 * own)
        return inconclusive(
          `the excess of ${inWords(p99 - base)} is within three times the harness's own delay of ${inWords(own)}`,
          { measured, because },
        );
      return fail(
        `p99 of the others went from ${inWords(base)} to ${inWords(p99)}${missing > 0 ? `; ${missing} messages never arrived` : ''}`,
        { measured, because },
      );
    }
    if (!full)
      return inconclusive("the push did not fill the slow clients' buffers, so no neighbour could be held up", {
        measured,
        because,
      });
    return pass(`p99 of the others ${inWords(p99)}, ${inWords(base)} without a slow client`, { measured, because });
  },
  examples: {
    pass: story(3),
    fail: story(900),
  },
});

/** A push that is timed itself is timed from the fault on; the measures are told at its end. */
function timedFrom(history: HistoryView, pushed: EventOf<'measure'>, kind: string): number {
  return kind === 'gap' ? (history.phaseAt('fault') ?? 0) : pushed.t;
}

/** What never arrived, as samples of the longest wait. */
function late(count: number): number[] {
  return Array.from({ length: count }, () => LATE_MS);
}

function round(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms * 10) / 10 : null;
}

function story(slowMs: number) {
  const samples = (name: string, ms: number) =>
    ({ type: 'samples', name, unit: 'ms', values: Array.from({ length: 1000 }, () => ms) }) as const;
  return [
    [0, { type: 'fault', fault: 'slow-reader', what: 'bite', who: 's', facts: {} }],
    [9000, { type: 'measure', name: 'pushed', facts: { fastTakenBytes: 2e8, slowTakenBytes: 0, kernelBytes: 4e7 } }],
    [15_000, samples('fast latency', 2)],
    [15_000, samples('slow latency', slowMs)],
    [15_000, { type: 'measure', name: 'sampled', facts: { kind: 'latency', fastMissing: 0, slowMissing: 0 } }],
  ] as const;
}
