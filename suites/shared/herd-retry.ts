import { IMMEDIATE_MS, stallOf } from '../../harness/attempts.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { deviation, inWords, peakIn } from '../../harness/numbers.js';
import { outageOf } from '../../harness/outage.js';
import { waitsByStandard } from './event-source-standard.js';
import { outageStory, unready } from './outage-evidence.js';

const WINDOW_MS = 100;

/**
 * Half of a fleet comes in one 100 ms where its first attempts are spread over 200 ms, a deviation of 58 ms. Eight processes
 * that are spread wider may meet by chance (0.5 s: in 17 of 100 outages), and a narrower fleet may look wide: between the two
 * deviations, each a chance of about 1 in 100 away from 58 ms, nothing is concluded from a peak. What the machine itself may have
 * spread them by is taken off before: a fleet in step that it pulled apart is none that spreads itself.
 */
export default defineCheck({
  id: 'herd-retry',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'A channel that lost its connection makes a new one as soon as the next call asks for it, without any delay. After a cut all clients start from the same instant, and a loop that calls again at once, or after a fixed time, brings every one of them together.',
      fix: 'Draw the delay before the call is issued again at random, from at least half a second: the backoff of the channel begins only after its first failure.',
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'SHOULD spread the first attempts of a fleet: at most half of them in one 100 ms',
  why: 'After a cut all clients start from the same instant. If the first retry is immediate, or its delay the same for all, the server meets every one of them at once.',
  fix: 'Draw the first delay at random too, from at least half a second.',
  source: 'CHECKLIST rule 6: a first retry within 100 ms is "immediate", and only this check judges it',
  measured: { firstPeakPer100ms: 'attempts' },
  expect: { maxShare: 0.5, narrowMs: 45, wideMs: 85, noiseFactor: 3, minProcesses: 8 },
  scaled: ['narrowMs', 'wideMs'],
  controls: { fixed: 'fail', exponential: 'fail', decorrelated: 'pass' },
  judge(history, { expect, options, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const firsts = outage.attempts.flatMap((list) => list.slice(0, 1));
    const at = firsts.map(({ startAt }) => startAt);
    const peak = peakIn(at, WINDOW_MS * options.scale);
    const measured = { firstPeakPer100ms: peak };
    const because = firsts.map(({ first }) => first);
    const wanted = expect.minProcesses ?? 8;
    if (firsts.length < wanted)
      return inconclusive(`only ${firsts.length} processes tried again; ${wanted} are compared (--copies)`, {
        measured,
        because,
      });
    const spreadMs = deviation(at);
    const said = `${peak} of ${firsts.length} first attempts came within 100 ms (deviation ${inWords(spreadMs)})`;
    // What arrived while the gates' own process stood still bears one time, or is parted by it; less than a window hides nothing.
    // Times that are late by at most so much have a deviation that is off by half of it.
    const stallMs = stallOf(history, outage.cutAt, Math.max(outage.cutAt, ...at));
    const isWideAnyhow = spreadMs - stallMs / 2 >= (expect.wideMs ?? 85);
    if (stallMs > Math.max(WINDOW_MS, spreadMs / 2) && !isWideAnyhow)
      return inconclusive(`${said}, while the harness itself stood still for up to ${inWords(stallMs)}`, {
        measured,
        because,
      });
    const noiseMs = (expect.noiseFactor ?? 3) * Math.max(outage.noise.floorMs, outage.firstNoiseMs);
    const ownMs = Math.sqrt(Math.max(0, spreadMs ** 2 - noiseMs ** 2));
    const isSpread = peak <= (expect.maxShare ?? 0.5) * firsts.length;
    if (isSpread && ownMs >= (expect.narrowMs ?? 45))
      return pass(`at most ${peak} of ${firsts.length} first attempts came within 100 ms`, { measured, because });
    if (isSpread)
      return inconclusive(`${said}: this machine alone may have spread them so (its noise: ${inWords(noiseMs)})`, {
        measured,
        because,
      });
    if (ownMs >= (expect.wideMs ?? 85))
      return pass(`${said}, which is chance: the fleet is spread wider than that`, {
        measured,
        because,
        confidence: 'medium',
      });
    if (spreadMs < (expect.narrowMs ?? 45)) {
      // Who comes back at once does not wait for the reconnection time either.
      const isImmediate = outage.delays.every(([first = 0]) => first <= IMMEDIATE_MS);
      const { remark, ...standard } = isImmediate ? { remark: '' } : waitsByStandard(target);
      return fail(`${said}${remark}`, { measured, because, ...standard });
    }
    return inconclusive(`${said}: too few processes to tell a narrow spread from chance (--copies)`, {
      measured,
      because,
    });
  },
  examples: {
    pass: outageStory([1000, 2000, 4000, 8000], 0.3),
    fail: outageStory([1000, 2000, 4000, 8000], 0.01),
  },
});
