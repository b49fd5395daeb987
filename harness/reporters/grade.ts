import type { Run } from '../contract.js';

/** What the grade says (DESIGN section 3), as a sentence. */
export function gradeWords(run: Run): string {
  const { grade, crashed } = run.summary;
  if (grade === null) return `no grade: ${whyNoGrade(run)}`;
  if (crashed) return 'the server ended by itself';
  return GRADES[grade] ?? '';
}

const GRADES: Readonly<Record<string, string>> = {
  'A+': 'everything that was asked passed',
  A: 'every MUST passed, and nearly every SHOULD',
  B: 'every MUST passed, but not enough of the SHOULDs',
  C: 'one MUST failed',
  D: 'two or three MUSTs failed',
  F: 'more than three MUSTs failed',
};

export function whyNoGrade({ options, verdicts, summary }: Run): string {
  if (verdicts.some(({ level, outcome }) => level === 'MUST' && outcome === 'inconclusive'))
    return 'a MUST is inconclusive';
  if (summary.mustLeftOut > 0) return `${summary.mustLeftOut} MUST checks were left out`;
  return options.scale === 1 ? 'nothing was decided' : 'windows were scaled';
}
