import type { Verdict, Waiver, WaiverState } from './contract.js';

/**
 * The config's known failings, held against a run: what is waived still ran, and its verdict is what it is. A waiver whose check
 * passes, or whose last day is over, is a failure of its own, so that none outlives its reason [connectrpc/conformance,
 * known-failing cases].
 */
export function withWaivers(
  verdicts: readonly Verdict[],
  known: readonly Waiver[],
  /** Of the run, not of the judging: the same verdicts however late they are looked at again. */
  startedAt: string,
): { readonly verdicts: Verdict[]; readonly waivers: WaiverState[] } {
  const day = startedAt.slice(0, 'YYYY-MM-DD'.length);
  const waivers = known.map((waiver) => ({ ...waiver, state: stateOf(waiver, verdicts, day) }));
  const valid = new Map(waivers.filter(({ state }) => state !== 'expired').map(({ check, reason }) => [check, reason]));
  return {
    verdicts: verdicts.map((verdict) =>
      verdict.outcome === 'fail' || verdict.outcome === 'inconclusive'
        ? { ...verdict, waived: valid.get(verdict.check) ?? null }
        : verdict,
    ),
    waivers,
  };
}

function stateOf({ check, until }: Waiver, verdicts: readonly Verdict[], day: string): WaiverState['state'] {
  const own = verdicts.filter((verdict) => verdict.check === check).map(({ outcome }) => outcome);
  const decided = own.filter((outcome) => outcome !== 'skipped');
  if (decided.length > 0 && decided.every((outcome) => outcome === 'pass')) return 'passes';
  if (until < day) return 'expired';
  return own.includes('fail') ? 'holds' : 'unseen';
}

/** Why a waiver fails the gate; undefined where it does not. */
export function brokenWaiver({ state, until, reason }: WaiverState): string | undefined {
  if (state === 'expired')
    return `its waiver (${reason}) ended on ${until}: mend what fails, or give the waiver another day`;
  return state === 'passes' ? `passes, though it is waived (${reason}): take the waiver out of the config` : undefined;
}
