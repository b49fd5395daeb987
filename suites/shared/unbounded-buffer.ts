import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inMiB, inWords, MIB } from '../../harness/numbers.js';
import { tooGentle } from './pressure-evidence.js';

export default defineCheck({
  id: 'unbounded-buffer',
  protocols: ['websocket', 'sse'],
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'pressure',
  title: 'MUST keep its memory bounded for a client that reads too slowly',
  why: "What a slow client does not read stays in the server, message by message, until the process is killed for its memory: one phone in a lift ends everybody's session.",
  fix: 'Look at the outgoing buffer before each send (ws: bufferedAmount; Node streams: the return value of write; Python: await send): wait, drop with a notice, or cut the client (WebSocket: with 1013; SSE: it comes back with its last id).',
  source:
    'CHECKLIST rule 13: above a control copy with the same push and fast readers; fails if it follows the withheld bytes (ratio over 0.5) past 64 MiB',
  measured: {
    rssGrowthBytes: 'bytes',
    withheldBytes: 'bytes',
    ratio: 'growth / withheld',
    kernelBytes: 'bytes',
    disconnectedAtMs: 'ms',
    mode: 'push | echo | broadcast',
  },
  expect: { maxGrowthBytes: 64 * MIB, maxRatio: 0.5 },
  judge(history, { expect, target }) {
    const none = history.of('obstacle').find(({ code }) => code === 'NO_PUSH');
    if (none) return skipped(`${none.text}; needs --subscribe or --pressure-env`);
    const before = history.measures('before')[0];
    const pushed = history.measures('pushed')[0];
    if (!before || !pushed || history.bites('slow-reader').length === 0)
      return inconclusive('no slow reader was put under a push');
    const facts = pushed.facts;
    const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
    const fastBase = number(before.facts.fastRssBytes);
    const slowBase = number(before.facts.slowRssBytes);
    if (fastBase === undefined || slowBase === undefined)
      return inconclusive('the memory of the target cannot be read here');
    const fastGrowth = Math.max(0, Number(facts.fastPeakBytes) - fastBase);
    const slowGrowth = Math.max(0, Number(facts.slowPeakBytes) - slowBase);
    const growth = Math.max(0, slowGrowth - fastGrowth);
    const kernelBytes = Number(facts.kernelBytes);
    const withheld = Math.max(0, Number(facts.fastTakenBytes) - Number(facts.slowTakenBytes) - kernelBytes);
    const ratio = withheld > 0 ? growth / withheld : 0;
    const cut = number(facts.disconnectedAtMs);
    const measured = {
      rssGrowthBytes: Math.round(growth),
      withheldBytes: Math.round(withheld),
      ratio: Math.round(ratio * 100) / 100,
      kernelBytes,
      disconnectedAtMs: cut === undefined ? null : Math.round(cut),
      mode: String(facts.mode),
    };
    const because = [before, pushed];
    const limit = expect.maxGrowthBytes ?? 64 * MIB;
    if (facts.alive === false) return fail('the server died under the pressure', { measured, because });
    if (growth > limit && ratio > (expect.maxRatio ?? 0.5)) {
      return fail(`its memory grew by ${inMiB(growth)} for ${inMiB(withheld)} that slow clients had not read`, {
        measured,
        because,
      });
    }
    // A push does not wait for the control's clients: where they could not follow, it held for them what it holds for slow ones. A
    // copy that did not grow holds nothing, whatever the control did.
    if (facts.mode === 'push' && fastGrowth > limit && slowGrowth > limit) {
      return inconclusive(
        `the control copy grew by ${inMiB(fastGrowth)} itself: its clients read as fast as this machine can, and that was too slow`,
        { measured, because },
      );
    }
    if (cut !== undefined && growth <= limit && facts.fastWhole !== false) {
      return pass(`cut the slow client after ${inWords(cut)}; its memory grew by ${inMiB(growth)}`, {
        measured,
        because,
      });
    }
    const why = tooGentle(pushed, target);
    if (why !== undefined) return skipped(why, { measured });
    if (facts.fastWhole === false) {
      return inconclusive('the server cut clients of the control copy too, which read as fast as this machine can', {
        measured,
        because,
      });
    }
    if (Number(facts.fastTakenBytes) < Number(facts.neededBytes)) {
      const missing = Number(facts.neededBytes) - Number(facts.fastTakenBytes);
      return inconclusive(
        `the push was ${inMiB(missing)} short of ${inMiB(Number(facts.neededBytes))} in ${inWords(Number(facts.tookMs))}: --pressure-env can name a setting that pushes more`,
        { measured, because },
      );
    }
    if (growth > limit)
      return inconclusive(`its memory grew by ${inMiB(growth)}, but not in step with the ${inMiB(withheld)} withheld`, {
        measured,
        because,
      });
    // better-sse, whose heap grows by 270 MiB under its own push: behind that nobody sees what it keeps.
    if (slowGrowth > limit && fastGrowth > withheld / 2)
      return inconclusive(
        `its memory grew by ${inMiB(slowGrowth)} with slow clients, and by ${inMiB(fastGrowth)} where all read fast: that hides what becomes of ${inMiB(withheld)}`,
        { measured, because },
      );
    return pass(`its memory grew by ${inMiB(growth)} while ${inMiB(withheld)} went unread`, { measured, because });
  },
  examples: {
    pass: story(70 * MIB),
    fail: story(250 * MIB),
  },
});

function story(slowPeakBytes: number) {
  return [
    [0, { type: 'fault', fault: 'slow-reader', what: 'bite', who: 's', facts: {} }],
    [0, { type: 'measure', name: 'before', facts: { fastRssBytes: 50 * MIB, slowRssBytes: 50 * MIB } }],
    [
      9000,
      {
        type: 'measure',
        name: 'pushed',
        facts: {
          mode: 'echo',
          tookMs: 9000,
          fastTakenBytes: 170 * MIB,
          slowTakenBytes: 0,
          kernelBytes: 40 * MIB,
          neededBytes: 168 * MIB,
          fastPeakBytes: 60 * MIB,
          slowPeakBytes,
          disconnectedAtMs: null,
          alive: true,
        },
      },
    ],
  ] as const;
}
