import type { Verdict } from '../contract.js';
import { printable } from './printable.js';

/** Expected, actual and evidence of a verdict that needs attention, one a line. */
export function detailsOf(verdict: Verdict): string {
  const lines = [`expected: ${printable(verdict.expected)}`, `actual:   ${printable(verdict.actual)}`];
  if (verdict.reason !== null && verdict.reason !== verdict.actual)
    lines.push(`reason:   ${printable(verdict.reason)}`);
  if (Object.keys(verdict.measured).length > 0) lines.push(`measured: ${printable(JSON.stringify(verdict.measured))}`);
  lines.push(`look at:  ${evidenceOf(verdict)}`);
  if (verdict.outcome === 'fail') lines.push(`sure:     ${surenessOf(verdict)}`);
  if (verdict.waived !== null) lines.push(`waived:   ${printable(verdict.waived)}`);
  if (verdict.outcome === 'fail') lines.push(`fix:      ${printable(verdict.fix)}`);
  return lines.join('\n');
}

/** Where a person finds what the verdict rests on. */
export function evidenceOf(verdict: Verdict): string {
  const shown = verdict.because.slice(0, 8).join(', ');
  const more = verdict.because.length > 8 ? ` and ${verdict.because.length - 8} more` : '';
  const events =
    verdict.because.length === 0
      ? 'no single event'
      : `events ${shown}${more} of ${verdict.run === undefined ? '' : `${verdict.run}/`}history.jsonl`;
  return `${events} (scenario ${printable(verdict.scenario)}, ${verdict.view} view)`;
}

/** How sure a verdict is: `medium confidence, 8 samples, jitterRatio 12 % from passAbove`. */
export function surenessOf({ confidence, samples, margin }: Verdict): string {
  return [
    `${confidence} confidence`,
    ...(samples === null ? [] : [`${samples} ${samples === 1 ? 'sample' : 'samples'}`]),
    ...(margin === null ? [] : [`${margin.measured} ${percent(margin.share)} from ${margin.threshold}`]),
  ].join(', ');
}

function percent(share: number): string {
  if (share >= 10) return 'far';
  return `${share < 0.1 ? Math.round(share * 1000) / 10 : Math.round(share * 100)} %`;
}
