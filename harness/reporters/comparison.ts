import { createColors } from 'picocolors';
import type { Change, Comparison, Kind } from '../compare.js';
import type { Run } from '../contract.js';
import { wrapped } from './layout.js';
import { printable } from './printable.js';

interface ComparisonOptions {
  readonly columns: number;
  readonly color: boolean;
}

/** In this order; what is the same is counted. */
const SECTIONS: readonly (readonly [Exclude<Kind, 'same'>, string])[] = [
  ['worse', 'Worse: passed before, fails now'],
  ['doubtful', 'Doubtful: a regression, or not'],
  ['better', 'Better: failed before, passes now'],
  ['unclear', 'Not decided in one of both'],
  ['asked', 'Asked in one of both only'],
];
/** The largest movements are told; of a check that turned, all numbers stand in its report. */
const MOST_NUMBERS = 20;

/** Two runs side by side as a person reads it: what turned, what moved, the grades. */
export function renderComparison(before: Run, after: Run, comparison: Comparison, options: ComparisonOptions): string {
  const { changes, numbers, crashes, differences, decided } = comparison;
  const colors = createColors(options.color);
  const of = (kind: Kind) => changes.filter((change) => change.kind === kind);
  const width = Math.max(0, ...changes.filter(({ kind }) => kind !== 'same').map(({ name }) => name.length));
  const paint = (kind: Kind) => (kind === 'worse' ? colors.red : kind === 'better' ? colors.green : colors.yellow);
  const sections = SECTIONS.flatMap(([kind, title]) => {
    const found = of(kind);
    if (found.length === 0) return [];
    return ['', paint(kind)(title), ...found.map((change) => changeLine(change, width, options))];
  });
  const flipped = of('worse').length + of('better').length;
  return [
    '',
    colors.bold(`${printable(after.target.name)}: ${runName(before)} -> ${runName(after)}`),
    ...(differences.length === 0
      ? []
      : [printable(`the runs differ in more than the program: ${differences.join('; ')}`)]),
    ...(crashes ? [colors.red('the server ended by itself, and did not before')] : []),
    ...sections,
    ...movedLines(numbers, options),
    '',
    `${flipped} flipped (${of('better').length} better, ${of('worse').length} worse), ${of('doubtful').length} doubtful, ${of('same').length} the same; both runs decided ${decided}`,
    '',
  ].join('\n');
}

function runName({ startedAt, summary }: Run): string {
  return `${printable(startedAt)} (${summary.grade === null ? 'no grade' : `grade ${printable(summary.grade)}`})`;
}

function changeLine(
  { name, level, before, after, actual, tolerated }: Change,
  width: number,
  options: ComparisonOptions,
): string {
  const turn = `${before ?? 'absent'} -> ${after ?? 'absent'}`;
  const head = `  ${level.padEnd(6)}  ${printable(name).padEnd(width)}  ${turn.padEnd(22)}  `;
  return `${head}${wrapped(tolerated ? `${actual} (not gated)` : actual, head.length, options.columns)}`;
}

function movedLines(numbers: Comparison['numbers'], { columns }: ComparisonOptions): string[] {
  if (numbers.length === 0) return [];
  const share = ({ before, after }: Comparison['numbers'][number]) =>
    Math.abs(after - before) / Math.max(1e-9, Math.min(Math.abs(before), Math.abs(after)));
  const sorted = numbers.toSorted((a, b) => share(b) - share(a)).slice(0, MOST_NUMBERS);
  const rest = numbers.length - sorted.length;
  return [
    '',
    'Numbers that moved by a quarter or more',
    ...sorted.map(
      ({ name, before, after }) => `  ${wrapped(`${name}  ${rounded(before)} -> ${rounded(after)}`, 4, columns)}`,
    ),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
