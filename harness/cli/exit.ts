import type { GateLevel } from '../config-schema.js';
import type { Run, Verdict } from '../contract.js';
import { gradeOf } from '../judge.js';
import { brokenWaiver } from '../waivers.js';

/** DESIGN section 3; the first that applies, in this order. */
export const EXIT = { interrupted: 130, couldNotRun: 3, failed: 1, inconclusive: 2, ok: 0 } as const;

const GRADES = ['A+', 'A', 'B', 'C', 'D', 'F'];

export interface Gating {
  /** MUST where none is given. */
  readonly gate?: GateLevel | undefined;
  /** Skipped counts as inconclusive. */
  readonly strict?: boolean | undefined;
}

/** Whether a verdict may turn the exit code: by its level, or by what the config says of the check. */
export function isGated({ check, level, waived }: Verdict, { target }: Run, { gate = 'MUST' }: Gating): boolean {
  if (waived !== null) return false;
  const severity = target.severity[check];
  if (severity !== undefined) return severity === 'error';
  return level === 'MUST' || (gate === 'SHOULD' && level === 'SHOULD');
}

/** What a finished run means for the exit code. */
export function exitCodeOf(run: Run, gating: Gating): number {
  const { gate = 'MUST', strict = false } = gating;
  if (run.waivers.some((waiver) => brokenWaiver(waiver) !== undefined)) return EXIT.failed;
  const byGrade = gate !== 'MUST' && gate !== 'SHOULD';
  // Under a grade only what the config itself calls an error is gated beside it.
  const gated = run.verdicts.filter(
    (verdict) => isGated(verdict, run, gating) && (!byGrade || run.target.severity[verdict.check] === 'error'),
  );
  // The run's own grade counts what is waived as the failures that they are.
  const grade = run.summary.waived === 0 ? run.summary.grade : gradeWithoutWaived(run);
  const { budgets } = run;
  if (some(gated, 'fail') || some(budgets, 'fail') || (byGrade && isWorse(grade, gate))) return EXIT.failed;
  const undecided = some(gated, 'inconclusive') || some(budgets, 'inconclusive') || (byGrade && grade === null);
  const lacking =
    strict &&
    some(
      run.verdicts.filter((verdict) => isGated(verdict, run, gating)),
      'skipped',
    );
  return undecided || lacking ? EXIT.inconclusive : EXIT.ok;
}

function isWorse(grade: string | null, allowed: GateLevel): boolean {
  return grade !== null && GRADES.indexOf(grade) > GRADES.indexOf(allowed);
}

function gradeWithoutWaived({ verdicts, options, summary }: Run): string | null {
  if (summary.mustLeftOut > 0 && !summary.crashed) return null;
  const counted = verdicts.filter(({ waived }) => waived === null);
  return gradeOf(counted, options.scale, summary.crashed);
}

function some(judged: readonly { readonly outcome: string }[], outcome: string): boolean {
  return judged.some((one) => one.outcome === outcome);
}

export const EXIT_CODES_HELP = `
Exit codes, the first that applies:
  130  interrupted (everything healed, stopped and saved first; a second Ctrl-C kills at once)
  3    Holdfast could not run, and says why
  1    a gated check failed, or a budget was not kept
  2    something gated is inconclusive
  0    otherwise
Gated are the MUST checks; with --gate SHOULD also the SHOULD checks; with a grade, the grade: a worse one is 1, none
(a MUST is inconclusive or was left out, or --scale) is 2. A check whose severity the config sets to error is gated whatever
its level; one set to warn never is. A skipped check changes nothing unless --strict counts it as inconclusive. What a
config's "known" waives is not gated; a waiver that is over, or whose check passes, is 1. A budget that could not be
measured is 2.`;

/** Why the exit code is not 0, as the last line of the table. */
export function exitSentence(run: Run, gating: Gating): string {
  const code = exitCodeOf(run, gating);
  if (code === EXIT.ok) return '';
  if (run.waivers.some((waiver) => brokenWaiver(waiver) !== undefined))
    return 'exit code 1: a waiver no longer holds\n';
  const { budgets, ...checks } = run;
  const gate = exitCodeOf({ ...checks, budgets: [] }, gating) === code ? [`--gate ${gating.gate ?? 'MUST'}`] : [];
  const outcome = code === EXIT.failed ? 'fail' : 'inconclusive';
  const broken = budgets.filter((one) => one.outcome === outcome).map(({ budget }) => `the budget "${budget}"`);
  const [first, ...others] = [...gate, ...new Set(broken)];
  const more = others.length === 0 ? `${first} is` : `${first} and ${others.join(' and ')} are`;
  return `exit code ${code}: ${more} ${code === EXIT.failed ? 'not met' : 'not decided'}\n`;
}
