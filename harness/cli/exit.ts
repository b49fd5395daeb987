import type { GateLevel } from '../config-schema.js';
import type { Run, Verdict } from '../contract.js';

/** DESIGN section 3; the first that applies, in this order. */
export const EXIT = { interrupted: 130, couldNotRun: 3, failed: 1, inconclusive: 2, ok: 0 } as const;

const GRADES = ['A+', 'A', 'B', 'C', 'D', 'F'];

export interface Gating {
  /** MUST where none is given. */
  readonly gate?: GateLevel | undefined;
  /** Skipped counts as inconclusive. */
  readonly strict?: boolean | undefined;
}

/** What a finished run means for the exit code. */
export function exitCodeOf(run: Run, { gate = 'MUST', strict = false }: Gating): number {
  const gated = run.verdicts.filter(
    ({ check, level, waived }) =>
      waived === null &&
      run.target.severity[check] !== 'warn' &&
      (level === 'MUST' || (gate === 'SHOULD' && level === 'SHOULD')),
  );
  const undecided = strict && some(gated, 'skipped');
  if (gate === 'MUST' || gate === 'SHOULD') {
    if (some(gated, 'fail')) return EXIT.failed;
    return undecided || some(gated, 'inconclusive') ? EXIT.inconclusive : EXIT.ok;
  }
  const { grade } = run.summary;
  if (grade === null) return EXIT.inconclusive;
  if (GRADES.indexOf(grade) > GRADES.indexOf(gate)) return EXIT.failed;
  return undecided ? EXIT.inconclusive : EXIT.ok;
}

function some(verdicts: readonly Verdict[], outcome: string): boolean {
  return verdicts.some((verdict) => verdict.outcome === outcome);
}

export const EXIT_CODES_HELP = `
Exit codes, the first that applies:
  130  interrupted (everything healed, stopped and saved first; a second Ctrl-C kills at once)
  3    Holdfast could not run, and says why
  1    a gated check failed
  2    something gated is inconclusive
  0    otherwise
Gated are the MUST checks; with --gate SHOULD also the SHOULD checks; with a grade, the grade: a worse one is 1, none
(a MUST is inconclusive, or --scale) is 2. A skipped check changes nothing unless --strict counts it as inconclusive.`;

/** Why the exit code is not 0, as the last line of the table. */
export function exitSentence(code: number, { gate = 'MUST' }: Gating): string {
  if (code === EXIT.failed) return `exit code 1: --gate ${gate} is not met\n`;
  return code === EXIT.inconclusive ? `exit code 2: --gate ${gate} cannot be decided\n` : '';
}
