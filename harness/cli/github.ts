import { appendFileSync, existsSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import type { Run, Verdict } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import { evidenceOf } from '../reporters/details.js';
import { printable } from '../reporters/printable.js';
import { targetFile } from '../reporters/target-file.js';
import type { Written } from '../reporters/write.js';
import { type Gating, isGated } from './exit.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** GitHub shows no more of a step's, for each kind. */
const MOST_OF_A_KIND = 10;

/**
 * Workflow commands: an error for each gated failure, a warning for each other one and for what is gated and could not be
 * decided. Nothing outside of a workflow.
 */
export function annotationsOf(run: Run, gating: Gating, environment: Environment): string {
  if (environment.GITHUB_ACTIONS !== 'true') return '';
  const gated = (verdict: Verdict) => isGated(verdict, run, gating);
  const failed = run.verdicts.filter(({ outcome, waived }) => outcome === 'fail' && waived === null);
  const undecided = run.verdicts.filter((verdict) => verdict.outcome === 'inconclusive' && gated(verdict));
  const errors = failed.filter(gated);
  const warnings = [...undecided, ...failed.filter((verdict) => !gated(verdict))];
  const told = (kind: 'error' | 'warning', outcome: string, verdicts: readonly Verdict[]) => {
    const budgets = run.budgets.filter((one) => one.outcome === outcome);
    const all = [
      ...budgets.map(({ budget, actual }) => ({
        name: budget,
        line: command(kind, { title: 'budget' }, printable(`${budget}: ${actual}`)),
      })),
      ...verdicts.map((verdict) => ({ name: verdict.check, line: annotation(kind, verdict, run, environment) })),
    ];
    const shown = all.length > MOST_OF_A_KIND ? all.slice(0, MOST_OF_A_KIND - 1) : all;
    const rest = all.slice(shown.length).map(({ name }) => name);
    const more = command(kind, { title: `Holdfast: ${rest.length} more` }, printable(rest.join(', ')));
    return [...shown.map(({ line }) => line), ...(rest.length === 0 ? [] : [more])];
  };
  return [...told('error', 'fail', errors), ...told('warning', 'inconclusive', warnings)]
    .map((line) => `${line}\n`)
    .join('');
}

/** A report in Markdown is the summary of its step too. */
export function addToStepSummary(written: readonly Written[], { GITHUB_STEP_SUMMARY: file }: Environment): void {
  const markdown = written.find(({ name }) => name === 'markdown');
  if (!markdown || file === undefined || file === '') return;
  try {
    appendFileSync(file, `${markdown.text}\n`);
  } catch (cause) {
    throw new HarnessError('REPORT_UNWRITABLE', `cannot add to GITHUB_STEP_SUMMARY ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** The runner obeys `##[command]` anywhere in a line (its older form), and a target may have said that. */
export function withoutCommands(text: string, { GITHUB_ACTIONS }: Environment): string {
  return GITHUB_ACTIONS === 'true' ? text.replaceAll('##[', '## [') : text;
}

function annotation(kind: string, verdict: Verdict, run: Run, environment: Environment): string {
  const { outcome, level, check, actual, reason, fix } = verdict;
  const said =
    outcome === 'fail'
      ? `${printable(actual)}\nFix: ${printable(fix)}`
      : `could not be decided: ${printable(reason ?? actual)}`;
  const file = fileIn(environment.GITHUB_WORKSPACE, verdict, run);
  return command(
    kind,
    { ...(file === undefined ? {} : { file }), title: `${level} ${printable(check)}` },
    `${said}\nLook at: ${evidenceOf(verdict)}`,
  );
}

/** As the runner reads it back (actions/toolkit, command.ts): properties also by what ends them. */
function command(kind: string, properties: Readonly<Record<string, string>>, message: string): string {
  const given = Object.entries(properties).map(
    ([name, value]) => `${name}=${encoded(value).replaceAll(':', '%3A').replaceAll(',', '%2C')}`,
  );
  return `::${kind} ${given.join(',')}::${encoded(message)}`;
}

function encoded(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function fileIn(workspace: string | undefined, verdict: Verdict, { target }: Run): string | undefined {
  const named = targetFile(target, verdict);
  if (named === undefined || workspace === undefined) return undefined;
  const path = relative(workspace, join(target.cwd, named));
  return path.startsWith('..') || isAbsolute(path) || !existsSync(join(workspace, path)) ? undefined : path;
}
