import type { EventOf, Target } from '../../harness/contract.js';

/**
 * A server that pushes of itself, too little to fill anybody's buffers, and was given no setting that makes it push
 * more: a missing declaration, not a measurement that went wrong.
 */
export function tooGentle(pushed: EventOf<'measure'>, target: Target): string | undefined {
  const { mode, fastTakenBytes, neededBytes, tookMs } = pushed.facts;
  const declared = Object.keys(target.server?.pressureEnv ?? {}).length > 0;
  if (mode !== 'push' || declared || Number(fastTakenBytes) >= Number(neededBytes)) return undefined;
  const kbPerS = Math.round(Number(fastTakenBytes) / Math.max(1, Number(tookMs)));
  return `needs --pressure-env: the server pushes about ${kbPerS} KB/s of itself, and answers nothing`;
}
