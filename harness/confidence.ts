import type { Check, Finding, Margin, Verdict } from './contract.js';

/** A number this near to its threshold might lie beyond it in the next run; timers alone are 1 to 2 % late. */
const LOW_SHARE = 0.05;
const MEDIUM_SHARE = 0.15;
const WORDS = ['low', 'medium', 'high'] as const;

/** How sure a verdict is: on how many samples it rests, and how far it lies from the threshold that decided it. */
export function confidenceOf(
  { samples, decidedBy = [] }: Check,
  threshold: Readonly<Record<string, number>>,
  { outcome, measured = {}, confidence = 'high' }: Finding,
): Pick<Verdict, 'confidence' | 'samples' | 'margin'> {
  const counted = samples === undefined ? null : measured[samples];
  const margins = decidedBy.flatMap(([name, by, of]): Margin[] => {
    const value = measured[name];
    const limit = threshold[by];
    if (typeof value !== 'number' || limit === undefined || limit === 0 || (of !== undefined && of !== outcome))
      return [];
    return [{ measured: name, threshold: by, share: Math.round((1000 * Math.abs(value - limit)) / limit) / 1000 }];
  });
  const decided = outcome === 'pass' || outcome === 'fail';
  const [margin = null] = decided ? margins.toSorted((a, b) => a.share - b.share) : [];
  return {
    confidence: outcome === 'inconclusive' ? 'low' : lower(confidence, wordOf(margin)),
    samples: typeof counted === 'number' ? counted : null,
    margin,
  };
}

function wordOf(margin: Margin | null): Verdict['confidence'] {
  if (margin === null || margin.share >= MEDIUM_SHARE) return 'high';
  return margin.share < LOW_SHARE ? 'low' : 'medium';
}

function lower(a: Verdict['confidence'], b: Verdict['confidence']): Verdict['confidence'] {
  return WORDS.find((word) => word === a || word === b) ?? 'high';
}
