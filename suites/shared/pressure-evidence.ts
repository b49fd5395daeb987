import type { EventBodyAt, EventOf, Finding, HistoryView, JudgeContext, Target } from '../../harness/contract.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inMiB, inWords, MIB } from '../../harness/numbers.js';

/** The article's 100 KB/s for one client: less presses nobody (CHECKLIST, unbounded-buffer). */
const PRESSES_KB_PER_S = 100;
/** Of what was to be pushed: how much the kernel takes of it is a guess beforehand, and what went unread is looked at by itself. */
const NEARLY_ALL = 0.9;

/**
 * A server that pushes of itself, or answers, too little to fill anybody's buffers, and was given no setting that makes
 * it push more: a missing declaration, not a measurement that went wrong.
 */
export function tooGentle(pushed: EventOf<'measure'>, target: Target): string | undefined {
  const { mode, fastTakenBytes, neededBytes, tookMs } = pushed.facts;
  const declared = Object.keys(target.server?.pressureEnv ?? {}).length > 0;
  if (declared || Number(fastTakenBytes) >= NEARLY_ALL * Number(neededBytes)) return undefined;
  const kbPerS = Math.round(Number(fastTakenBytes) / Math.max(1, Number(tookMs)));
  if (mode === 'push') {
    return `needs --pressure-env: the server pushes about ${kbPerS} KB/s of itself, and answers nothing`;
  }
  // Cut in the midst of it, or died: then the push was what it was for another reason.
  const whole = pushed.facts.fastWhole !== false && pushed.facts.alive !== false;
  if (!whole || !(kbPerS < PRESSES_KB_PER_S)) return undefined;
  return `needs --pressure-env: a flood of messages makes the server answer about ${kbPerS} KB/s`;
}

/** Whether memory followed what was withheld by this fault (CHECKLIST rule 13). */
export function judgeMemory(history: HistoryView, { expect, target }: JudgeContext, fault: string): Finding {
  const none = history.of('obstacle').find(({ code }) => code === 'NO_PUSH');
  if (none) return skipped(`${none.text}; needs --subscribe or --pressure-env`);
  const before = history.measures('before')[0];
  const pushed = history.measures('pushed')[0];
  const acted = history.bites(fault).length > 0;
  // Too little was pushed for the fault to act at all: nothing filled the window of an unread stream.
  const gentle = pushed && !acted ? tooGentle(pushed, target) : undefined;
  if (gentle !== undefined) return skipped(gentle);
  if (!before || !pushed || !acted) return inconclusive('no slow reader was put under a push');
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
  if (Number(facts.fastTakenBytes) < NEARLY_ALL * Number(facts.neededBytes)) {
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
  // Less than it may keep shows no bound: the slow clients were not slow.
  if (withheld <= limit)
    return inconclusive(`only ${inMiB(withheld)} went unread, and it may keep ${inMiB(limit)}`, { measured, because });
  return pass(`its memory grew by ${inMiB(growth)} while ${inMiB(withheld)} went unread`, { measured, because });
}

/** Two copies under a push; what the slow one came to. */
export function pressureStory(fault: string, slowPeakBytes: number): EventBodyAt[] {
  return [
    [0, { type: 'fault', fault, what: 'bite', who: 's', facts: {} }],
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
  ];
}
