import { antiPatternOutcomes } from '../anti-patterns.js';
import type { Outcome, Run, Verdict } from '../contract.js';
import { brokenWaiver } from '../waivers.js';
import { evidenceOf } from './details.js';
import { duration } from './layout.js';
import { printable } from './printable.js';
import type { Reporter } from './reporter.js';

/** GitHub shows at most 1 MiB of a step's summary, and nothing of a larger one; there are some 160 verdicts. */
const LONGEST_TEXT = 1500;

/** A finished run as GitHub shows it: grade, anti-patterns, what needs attention in full, the rest as tables. */
export function renderMarkdown(run: Run): string {
  const { summary } = run;
  const of = (outcome: Outcome) => run.verdicts.filter((verdict) => verdict.outcome === outcome);
  const [seen, all] = summary.mustSeen;
  const grade = summary.grade === null ? 'no grade' : `grade ${summary.grade}`;
  const crash = summary.crashed ? ' The server ended by itself.' : '';
  return [
    `# Holdfast: ${plain(run.target.name)}, ${grade}`,
    '',
    `${summary.fail} failed, ${summary.inconclusive} inconclusive, ${summary.pass} passed, ${summary.skipped} skipped; MUST seen ${seen} of ${all}.${crash}`,
    '',
    `${plain(run.target.protocol)} ${run.target.roles.join(' and ')}, ${duration(run.durationMs)}, engine ${run.engine.kind} ${plain(run.engine.version)}, seed ${run.seed}. Repeat it with`,
    '',
    fenced(run.replay),
    '',
    ...brokenWaivers(run),
    ...budgetTable(run),
    ...section('Failed', of('fail')),
    ...section('Inconclusive', of('inconclusive')),
    '## Anti-patterns',
    '',
    ...table(
      ['AP', 'anti-pattern', 'worst outcome', 'checks'],
      antiPatternOutcomes(run.verdicts).map(({ number, name, outcome, checks }) => [
        `${number}`,
        plain(name),
        outcome === 'fail' ? '**fail**' : outcome,
        outcome === 'fail' || outcome === 'inconclusive' ? checks.map(code).join(', ') : '',
      ]),
    ),
    '',
    ...folded('passed', of('pass'), ({ actual }) => actual),
    ...folded('skipped', of('skipped'), ({ reason }) => reason ?? 'no reason given'),
  ].join('\n');
}

function budgetTable({ budgets }: Run): string[] {
  if (budgets.length === 0) return [];
  const rows = budgets.map(({ budget, check, outcome, actual }) => [
    outcome === 'pass' ? 'pass' : `**${outcome}**`,
    plain(budget),
    plain(actual),
    code(check),
  ]);
  return ['## Budgets', '', ...table(['outcome', 'budget', 'measured', 'check'], rows), ''];
}

/** They fail the gate, whatever else is well. */
function brokenWaivers({ waivers }: Run): string[] {
  const broken = waivers.flatMap((waiver) => {
    const why = brokenWaiver(waiver);
    return why === undefined ? [] : [`- ${code(waiver.check)} ${plain(why)}`];
  });
  return broken.length === 0 ? [] : ['## Waivers that no longer hold', '', ...broken, ''];
}

function section(name: string, verdicts: readonly Verdict[]): string[] {
  if (verdicts.length === 0) return [];
  return [`## ${name}`, '', ...verdicts.flatMap(details)];
}

function details(verdict: Verdict): string[] {
  const facts = (values: Readonly<Record<string, unknown>>) =>
    Object.entries(values)
      .map(([name, value]) => code(`${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`))
      .join(', ');
  const item = (name: string, text: string) => (text === '' ? [] : [`- **${name}** ${text}`]);
  const told = verdict.reason !== null && verdict.reason !== verdict.actual ? plain(verdict.reason) : '';
  return [
    `### ${verdict.level} ${code(verdict.check)}`,
    '',
    ...item('expected', plain(verdict.expected)),
    ...item('actual', plain(verdict.actual)),
    ...item('reason', told),
    ...item('measured', facts(verdict.measured)),
    ...item('limits', facts(verdict.threshold)),
    ...item('look at', plain(evidenceOf(verdict))),
    ...item('waived', verdict.waived === null ? '' : plain(verdict.waived)),
    ...item('confidence', verdict.confidence === 'high' ? '' : verdict.confidence),
    ...(verdict.outcome === 'fail' ? item('fix', plain(verdict.fix)) : []),
    '',
  ];
}

function folded(name: string, verdicts: readonly Verdict[], text: (verdict: Verdict) => string): string[] {
  if (verdicts.length === 0) return [];
  const rows = verdicts.map((verdict) => [verdict.level, code(verdict.check), plain(text(verdict))]);
  const summary = `<summary>${verdicts.length} ${name}</summary>`;
  return ['<details>', summary, '', ...table(['level', 'check', name], rows), '', '</details>', ''];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}

/** A text that others gave, as nothing but text: no markup, no link, no mention, no end of a table's cell. */
export function plain(text: string): string {
  return clipped(printable(text))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]#|~@$]|:(?=[\w/+-])|\/(?=\/)|(?<=www)\./gi, '\\$&');
}

/** The same in the font of code. */
function code(text: string): string {
  const inner = clipped(printable(text));
  const fence = '`'.repeat(1 + longestRun(inner));
  return inner.includes('`') ? `${fence} ${inner} ${fence}` : `${fence}${inner}${fence}`;
}

function fenced(text: string): string {
  const inner = printable(text);
  const fence = '`'.repeat(Math.max(3, 1 + longestRun(inner)));
  return `${fence}sh\n${inner}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

function clipped(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)} ...`;
}

export const reporter: Reporter = { name: 'markdown', file: 'report.md', render: renderMarkdown };
