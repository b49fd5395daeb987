import { createColors } from 'picocolors';
import { type AntiPatternOutcome, antiPatternOutcomes } from '../anti-patterns.js';
import { countsText } from '../combine.js';
import type { Outcome, Run, Verdict } from '../contract.js';
import { brokenWaiver } from '../waivers.js';
import { evidenceOf, surenessOf } from './details.js';
import { whyNoGrade } from './grade.js';
import { clipped, duration, wrapped } from './layout.js';
import { printable } from './printable.js';

export interface TerminalOptions {
  /** Infinity where the output is no terminal: nothing is wrapped or cut. */
  readonly columns: number;
  readonly color: boolean;
  /** Where the run is saved. */
  readonly directory: string;
}

const SIGNS: Readonly<Record<Outcome | 'not run', string>> = {
  fail: 'FAIL',
  inconclusive: '????',
  pass: 'pass',
  skipped: 'skip',
  'not run': 'not run',
};
const ORDER: readonly Outcome[] = ['fail', 'inconclusive', 'pass', 'skipped'];

/** A finished run as a person reads it: anti-patterns, checks with what needs attention first, summary. */
export function renderTerminal(run: Run, options: TerminalOptions): string {
  const paint = painter(options.color);
  const byLevel = (verdict: Verdict) => ['MUST', 'SHOULD', 'MAY'].indexOf(verdict.level);
  const idWidth = Math.max(0, ...run.verdicts.map(({ check }) => check.length));
  const sorted = ORDER.flatMap((outcome) =>
    run.verdicts.filter((verdict) => verdict.outcome === outcome).toSorted((a, b) => byLevel(a) - byLevel(b)),
  );
  const gathered = gatherReasons(run.verdicts);
  return [
    '',
    paint.bold(
      `holdfast ${run.version}: ${printable(run.target.name)} (${run.target.protocol} ${run.target.roles.join(' and ')})`,
    ),
    '',
    paint.bold('Anti-patterns'),
    ...antiPatternOutcomes(run.verdicts).map((one) => antiPatternLine(one, options, paint)),
    '',
    paint.bold('Checks'),
    ...sorted
      .filter((verdict) => !gathered.has(verdict.reason))
      .flatMap((verdict) => verdictLines(verdict, idWidth, options, paint)),
    ...[...gathered].map(([reason, count]) => gatheredLine(reason, count, idWidth, options, paint)),
    ...budgetLines(run, options, paint),
    '',
    ...waiverLines(run, options, paint),
    ...closing(run, options, paint),
    '',
  ].join('\n');
}

/** Reasons that skipped several checks, such as a role that the target does not have: one line for all of them. */
function gatherReasons(verdicts: readonly Verdict[]): ReadonlyMap<string | null, number> {
  const counts = new Map<string | null, number>();
  for (const { outcome, reason } of verdicts)
    if (outcome === 'skipped') counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return new Map([...counts].filter(([, count]) => count > 2));
}

function gatheredLine(
  reason: string | null,
  count: number,
  idWidth: number,
  { columns }: TerminalOptions,
  paint: Painter,
): string {
  const head = `${`${count} checks`.padEnd(idWidth)}  `;
  const text = wrapped(reason ?? 'no reason given', 16 + head.length, columns);
  return `  ${paint.of('skipped')(SIGNS.skipped)}  ${' '.repeat(6)}  ${head}${text}`;
}

function antiPatternLine(one: AntiPatternOutcome, { columns }: TerminalOptions, paint: Painter): string {
  const told = one.outcome === 'fail' || one.outcome === 'inconclusive' ? `  ${one.checks.join(', ')}` : '';
  const head = `  AP ${String(one.number).padEnd(2)}  `;
  const sign = SIGNS[one.outcome].padEnd(7);
  return `${head}${paint.of(one.outcome)(sign)}  ${clipped(`${one.name}${told}`, columns - head.length - sign.length - 2)}`;
}

function verdictLines(verdict: Verdict, idWidth: number, { columns }: TerminalOptions, paint: Painter): string[] {
  const { outcome, level } = verdict;
  const sign = paint.of(outcome)(SIGNS[outcome]);
  const head = `${verdict.check.padEnd(idWidth)}  `;
  const indent = 2 + 4 + 2 + 6 + 2 + head.length;
  const times = verdict.counts ? ` (${countsText(verdict.counts)})` : '';
  const line = (text: string) => `  ${sign}  ${level.padEnd(6)}  ${head}${text}`;
  // A reason is read to the end; how well something passed may be cut.
  if (outcome === 'skipped') return [line(wrapped(verdict.reason ?? 'no reason given', indent, columns))];
  if (outcome === 'pass') return [line(clipped(`${verdict.actual}${times}${nearness(verdict)}`, columns - indent))];
  const detail = (name: string, text: string) => `        ${paint.dim(name.padEnd(10))}${wrapped(text, 18, columns)}`;
  const measured = facts(verdict.measured);
  const limits = facts(verdict.threshold);
  return [
    `  ${sign}  ${level.padEnd(6)}  ${paint.bold(verdict.check)}${times}`,
    ...(verdict.title === verdict.expected ? [] : [detail('rule', verdict.title)]),
    detail('expected', verdict.expected),
    detail('actual', verdict.actual),
    ...(verdict.reason === null || verdict.reason === verdict.actual ? [] : [detail('reason', verdict.reason)]),
    ...(measured === '' ? [] : [detail('measured', limits === '' ? measured : `${measured} (limits: ${limits})`)]),
    ...(outcome === 'fail' ? [detail('sure', surenessOf(verdict))] : []),
    detail('look at', evidenceOf(verdict)),
    ...(verdict.waived === null ? [] : [detail('waived', verdict.waived)]),
    ...(outcome === 'fail' ? [detail('fix', verdict.fix)] : []),
  ];
}

/** Of what passed, only where it was near. */
function nearness(verdict: Verdict): string {
  return verdict.confidence === 'high' ? '' : ` (${surenessOf(verdict)})`;
}

/** Waivers that no longer hold, which fail the gate. */
function waiverLines({ waivers }: Run, { columns }: TerminalOptions, paint: Painter): string[] {
  const broken = waivers.flatMap((waiver) => {
    const why = brokenWaiver(waiver);
    return why === undefined ? [] : [{ check: waiver.check, why }];
  });
  if (broken.length === 0) return [];
  const line = ({ check, why }: (typeof broken)[number]) =>
    `  ${paint.of('fail')(SIGNS.fail)}  ${wrapped(`${check}: ${why}`, 8, columns)}`;
  return [paint.bold('Waivers'), ...broken.map(line), ''];
}

function budgetLines({ budgets }: Run, { columns }: TerminalOptions, paint: Painter): string[] {
  if (budgets.length === 0) return [];
  const width = Math.max(...budgets.map(({ budget }) => budget.length));
  const lines = budgets.map(({ budget, outcome, actual }) => {
    const head = `${printable(budget).padEnd(width)}  `;
    return `  ${paint.of(outcome)(SIGNS[outcome])}  ${head}${wrapped(actual, 8 + head.length, columns)}`;
  });
  return ['', paint.bold('Budgets'), ...lines];
}

function facts(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

function closing(run: Run, { directory }: TerminalOptions, paint: Painter): string[] {
  const { summary, wall, options } = run;
  const count = (outcome: Outcome, text: string) => (summary[outcome] === 0 ? text : paint.of(outcome)(text));
  const [seen, all] = summary.mustSeen;
  const crash = summary.crashed ? ': the server ended by itself' : '';
  const grade = summary.grade === null ? `no grade (${whyNoGrade(run)})` : `grade ${summary.grade}${crash}`;
  const counts = [
    count('fail', `${summary.fail} failed${summary.waived > 0 ? ` (${summary.waived} waived)` : ''}`),
    count('inconclusive', `${summary.inconclusive} inconclusive`),
    count('pass', `${summary.pass} passed`),
    `${summary.skipped} skipped`,
  ].join(', ');
  return [
    `${counts}; MUST seen ${seen} of ${all}; ${paint.bold(grade)}`,
    ...(options.repeat === undefined ? [] : [`${options.repeat} runs, each in a folder of its own`]),
    wall.limitMs === 0
      ? `took ${duration(run.durationMs)}; no scenario was run`
      : `took ${duration(run.durationMs)} of the ${duration(wall.limitMs)} allowed (longest quiet window ${duration(wall.quietMs)}, busy ones ${duration(wall.busyMs)} together)`,
    ...selfCheckLine(run),
    `engine ${run.engine.kind} ${printable(run.engine.version)}, seed ${run.seed}`,
    `saved  ${printable(directory)}`,
    `repeat ${printable(run.replay)}`,
  ];
}

function selfCheckLine({ selfCheck }: Run): string[] {
  if (selfCheck === null || selfCheck.timerP99Ms === null) return [];
  const { timerP99Ms, proxyP99Ms, processStartMs, controls } = selfCheck;
  const seen = controls.filter(({ outcome }) => outcome === 'pass' || outcome === 'fail');
  const right = seen.filter(({ outcome, expected }) => outcome === expected).length;
  const told =
    seen.length === 0 ? 'too short to judge the control clients' : `${right} of ${seen.length} control verdicts right`;
  return [
    `itself timers ${timerP99Ms} ms late (p99), Toxiproxy ${proxyP99Ms} ms there and back, a process starts in ${processStartMs} ms; ${told}`,
  ];
}

type Paint = (text: string) => string;
interface Painter {
  readonly bold: Paint;
  readonly dim: Paint;
  of(outcome: Outcome | 'not run'): Paint;
}

function painter(color: boolean): Painter {
  const colors = createColors(color);
  const paints = {
    fail: colors.red,
    inconclusive: colors.yellow,
    pass: colors.green,
    skipped: colors.dim,
    'not run': colors.dim,
  };
  return { bold: colors.bold, dim: colors.dim, of: (outcome) => paints[outcome] };
}
