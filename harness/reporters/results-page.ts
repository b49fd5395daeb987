import type { Summary } from '../contract.js';
import { duration } from './layout.js';
import { escapeMarkup } from './markup.js';
import { printable } from './printable.js';

export interface IndexedRun {
  /** Relative to the page. */
  readonly href: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly version: string;
  readonly protocol: string;
  readonly summary: Summary;
  readonly failed: readonly string[];
  readonly numbers: ReadonlyMap<string, number>;
}

export interface IndexedTarget {
  readonly name: string;
  /** Oldest first. */
  readonly runs: readonly IndexedRun[];
  readonly older: number;
  readonly unreadable: number;
}

/** By it a page of ours is told from one of somebody else's. */
export const RESULTS_MARK = '<meta name="generator" content="holdfast results">';

const GRADES = ['F', 'D', 'C', 'B', 'A', 'A+'];
const MOST_SERIES = 8;

/** All saved runs on one page without a script: a trend of grades a target, its numbers that moved most, its runs. */
export function renderResults(targets: readonly IndexedTarget[]): string {
  const sorted = targets.toSorted((a, b) => (newestOf(a) < newestOf(b) ? 1 : -1));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${RESULTS_MARK}
<title>Holdfast results</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Holdfast results</h1></header>
<main>
${sorted.length === 0 ? '<p>No run is saved here yet.</p>' : `<ul class="targets">${sorted.map(link).join('')}</ul>`}
${sorted.map(section).join('\n')}
</main>
</body>
</html>
`;
}

function newestOf({ runs }: IndexedTarget): string {
  return runs.at(-1)?.startedAt ?? '';
}

function link(target: IndexedTarget): string {
  const grade = target.runs.at(-1)?.summary.grade ?? null;
  return `<li><a href="#${anchor(target)}">${text(target.name)}</a> ${badge(grade)}</li>`;
}

function section(target: IndexedTarget): string {
  const { name, runs, older, unreadable } = target;
  const left = [
    ...(older > 0 ? [`${older} older runs are not shown`] : []),
    ...(unreadable > 0 ? [`${unreadable} could not be read (interrupted, or of another version)`] : []),
  ];
  return `<section id="${anchor(target)}" aria-labelledby="${anchor(target)}-name">
<h2 id="${anchor(target)}-name">${text(name)}</h2>
${left.length === 0 ? '' : `<p class="dim">${left.join('; ')}</p>`}
${runs.length === 0 ? '' : gradeTrend(runs) + numberTrends(runs) + runTable(runs)}
</section>`;
}

function gradeTrend(runs: readonly IndexedRun[]): string {
  const x = (index: number) => 40 + (runs.length === 1 ? 0 : (index * 540) / (runs.length - 1));
  const y = (grade: string) => 130 - GRADES.indexOf(grade) * 22;
  const graded = runs.flatMap(({ summary: { grade } }, i) =>
    grade === null || !GRADES.includes(grade) ? [] : [{ grade, i }],
  );
  const lines = GRADES.map(
    (grade) =>
      `<line class="rule" x1="32" x2="590" y1="${y(grade)}" y2="${y(grade)}"/><text x="4" y="${y(grade) + 4}">${grade}</text>`,
  );
  const dots = runs.map(({ startedAt, summary: { grade } }, i) => {
    const known = grade !== null && GRADES.includes(grade);
    const title = `<title>${text(`${startedAt}: ${grade === null ? 'no grade' : `grade ${grade}`}`)}</title>`;
    return known
      ? `<circle class="${tone(grade)}" cx="${x(i)}" cy="${y(grade)}" r="5">${title}</circle>`
      : `<circle class="none" cx="${x(i)}" cy="144" r="4">${title}</circle>`;
  });
  const said = runs.map(({ summary }) => summary.grade ?? 'none').join(', ');
  return `<svg class="trend" viewBox="0 0 600 152" role="img" aria-label="${text(`Grades from the oldest run to the newest: ${said}`)}">
${lines.join('')}<polyline points="${graded.map(({ grade, i }) => `${x(i)},${y(grade)}`).join(' ')}"/>${dots.join('')}
</svg>
`;
}

/** Those of a budget first, then those that moved most. */
function numberTrends(runs: readonly IndexedRun[]): string {
  const names = [...new Set(runs.flatMap(({ numbers }) => [...numbers.keys()]))];
  const series = names
    .map((name) => ({ name, values: runs.flatMap(({ numbers }) => numbers.get(name) ?? []) }))
    .filter(({ values }) => values.length > 1);
  const moved = ({ values }: { values: readonly number[] }) =>
    (Math.max(...values) - Math.min(...values)) / Math.max(1e-9, ...values.map(Math.abs));
  const rank = (one: (typeof series)[number]) => (one.name.startsWith('budget ') ? 2 : moved(one));
  const shown = series.toSorted((a, b) => rank(b) - rank(a)).slice(0, MOST_SERIES);
  if (shown.length === 0) return '';
  const items = shown.map(({ name, values }) => {
    const last = values.at(-1) ?? 0;
    const range = `${rounded(Math.min(...values))} to ${rounded(Math.max(...values))}`;
    return `<li><span class="name">${text(name)}</span>${spark(values)}<span class="value">${rounded(last)}</span> <span class="dim">(${range})</span></li>`;
  });
  return `<h3>Numbers that moved most</h3>\n<ul class="numbers">${items.join('\n')}</ul>\n`;
}

function spark(values: readonly number[]): string {
  const least = Math.min(...values);
  const span = Math.max(1e-9, Math.max(...values) - least);
  const points = values.map(
    (value, i) => `${rounded((i * 96) / (values.length - 1) + 2)},${rounded(22 - ((value - least) / span) * 20)}`,
  );
  return `<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="${text(values.map(rounded).join(', '))}"><polyline points="${points.join(' ')}"/></svg>`;
}

function runTable(runs: readonly IndexedRun[]): string {
  const head = ['run', 'grade', 'failed', 'inconclusive', 'passed', 'skipped', 'took', 'what failed'];
  const rows = runs.toReversed().map(
    ({ href, startedAt, protocol, version, durationMs, summary, failed }) => `<tr>
<th scope="row"><a href="${text(href)}"><time>${text(startedAt.slice(0, 16).replace('T', ' '))}</time></a> <span class="dim">${text(protocol)}, ${text(version)}</span></th>
<td>${badge(summary.grade)}</td><td>${summary.fail}</td><td>${summary.inconclusive}</td><td>${summary.pass}</td><td>${summary.skipped}</td><td>${duration(durationMs)}</td><td>${failed.map(text).join(', ')}</td>
</tr>`,
  );
  return `<div class="wide" tabindex="0" role="region" aria-label="Runs"><table>
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
`;
}

function badge(grade: string | null): string {
  return `<span class="badge ${tone(grade)}">${text(grade ?? 'no grade')}</span>`;
}

function tone(grade: string | null): string {
  if (grade === null) return 'none';
  return grade.startsWith('A') ? 'good' : grade === 'B' ? 'fair' : 'bad';
}

function anchor({ name }: IndexedTarget): string {
  return `t-${encodeURIComponent(name).replaceAll('%', '_').replaceAll("'", '_')}`;
}

function text(given: string): string {
  return escapeMarkup(printable(given));
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

const STYLE = `
:root{--ink:#1b1f24;--dim:#57606a;--paper:#fff;--rule:#d0d7de;--good:#116329;--fair:#7d4e00;--bad:#a40e26;--line:#0550ae}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b3;--paper:#0d1117;--rule:#30363d;--good:#56d364;--fair:#e3b341;--bad:#ff7b72;--line:#79c0ff}}
body{margin:0 auto;max-width:64rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
a{color:var(--line)}h1,h2,h3{line-height:1.2}section{border-top:1px solid var(--rule);margin-top:2rem}
.dim{color:var(--dim)}.targets,.numbers{list-style:none;padding:0}
.badge{font-weight:700}.badge.good{color:var(--good)}.badge.fair{color:var(--fair)}.badge.bad{color:var(--bad)}.badge.none{color:var(--dim)}
svg{overflow:visible}.trend{width:100%;max-width:40rem;display:block}.trend text{font-size:12px;fill:var(--dim)}@media (max-width:30rem){.trend text{font-size:18px}}
.rule{stroke:var(--rule)}polyline{fill:none;stroke:var(--line);stroke-width:2}
circle.good{fill:var(--good)}circle.fair{fill:var(--fair)}circle.bad{fill:var(--bad)}circle.none{fill:none;stroke:var(--dim)}
.numbers li{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:center}.numbers .name{flex:0 1 26rem;overflow-wrap:anywhere}
.spark{width:6.25rem;height:1.5rem}.value{font-weight:700;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--rule)}
tbody th{font-weight:400}time{white-space:nowrap}td{font-variant-numeric:tabular-nums}td:last-child{min-width:16rem;overflow-wrap:anywhere}
@media print{section{break-inside:avoid}}
`;
