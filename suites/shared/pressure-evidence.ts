import type { EventOf, Target } from '../../harness/contract.js';

/** The article's 100 KB/s for one client: less presses nobody (CHECKLIST, unbounded-buffer). */
const PRESSES_KB_PER_S = 100;

/**
 * A server that pushes of itself, or answers, too little to fill anybody's buffers, and was given no setting that makes
 * it push more: a missing declaration, not a measurement that went wrong.
 */
export function tooGentle(pushed: EventOf<'measure'>, target: Target): string | undefined {
  const { mode, fastTakenBytes, neededBytes, tookMs } = pushed.facts;
  const declared = Object.keys(target.server?.pressureEnv ?? {}).length > 0;
  if (declared || Number(fastTakenBytes) >= Number(neededBytes)) return undefined;
  const kbPerS = Math.round(Number(fastTakenBytes) / Math.max(1, Number(tookMs)));
  if (mode === 'push') {
    return `needs --pressure-env: the server pushes about ${kbPerS} KB/s of itself, and answers nothing`;
  }
  // Cut in the midst of it, or died: then the push was what it was for another reason.
  const whole = pushed.facts.fastWhole !== false && pushed.facts.alive !== false;
  if (!whole || !(kbPerS < PRESSES_KB_PER_S)) return undefined;
  return `needs --pressure-env: a flood of messages makes the server answer about ${kbPerS} KB/s`;
}
