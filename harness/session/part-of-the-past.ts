import type { EventOf, Verdict } from '../contract.js';

/**
 * A verdict of a session of whose past not all was kept (recent-past.ts). What failed since then did fail; what passed, or was never
 * tried, may have been otherwise before.
 */
export function fromPartOfThePast(verdict: Verdict, letGo: EventOf<'obstacle'>, untried: boolean): Verdict {
  const { outcome, because } = verdict;
  const decided = outcome === 'pass' || outcome === 'fail';
  const seenSince = outcome === 'fail' && because.length > 0 && because.every((seq) => seq > letGo.seq);
  if (seenSince || !(decided || untried)) return verdict;
  const reason = untried ? `${letGo.text}; since then it ${verdict.reason}` : letGo.text;
  return { ...verdict, outcome: 'inconclusive', actual: reason, reason, confidence: 'low', margin: null, because: [] };
}
