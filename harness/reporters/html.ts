import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { antiPatternOutcomes } from '../anti-patterns.js';
import { loadCatalog } from '../catalog.js';
import type { Check, HistoryEvent, Outcome, Run, Verdict } from '../contract.js';
import { brokenWaiver } from '../waivers.js';
import { gradeWords } from './grade.js';
import { groupedBy } from './grouped.js';
import { html, island, type Markup, trusted } from './html-markup.js';
import { anchorOf, SIGNS, skippedList, verdictArticle } from './html-verdict.js';
import { duration } from './layout.js';
import { type Picture, pictureOf } from './picture.js';
import type { KnownFault } from './picture-faults.js';
import type { Reporter } from './reporter.js';

/** What the catalog knows of its units beyond what a run holds. */
export interface Known {
  readonly checks: readonly Pick<Check, 'id' | 'role' | 'why' | 'source' | 'measured'>[];
  readonly scenarios: readonly { readonly id: string; readonly about: string }[];
  readonly faults: readonly KnownFault[];
}

/**
 * report.html: a saved run as one file that asks nothing of anybody. Verdicts are markup and can be read without scripts; pictures
 * are drawn by the page from a small extract of the history.
 */
export function renderHtml(run: Run, history: readonly HistoryEvent[], known: Known): string {
  const pictures = picturesOf(run, history, known);
  const events = new Map(history.map((event) => [event.seq, event]));
  const article = (verdict: Verdict) =>
    verdictArticle(verdict, {
      run,
      check: known.checks.find(({ id, role }) => id === verdict.check && role === verdict.role),
      picture: pictures.get(verdict.scenario),
      about: known.scenarios.find(({ id }) => id === verdict.scenario)?.about ?? '',
      events: verdict.because.flatMap((seq) => events.get(seq) ?? []),
    });
  const of = (outcome: Outcome) => run.verdicts.filter((verdict) => verdict.outcome === outcome).toSorted(byLevel);
  const section = (outcome: 'fail' | 'inconclusive' | 'pass') =>
    of(outcome).length === 0
      ? undefined
      : html`<section id="${outcome}"><h2>${HEADINGS[outcome]} <small>${of(outcome).length}</small></h2>
<p class="hint">${HINTS[outcome]}</p>${of(outcome).map(article)}</section>`;
  return page(
    run,
    html`${head(run)}
<main>${antiPatterns(run)}${summary(run)}${(['fail', 'inconclusive', 'pass'] as const).map(section)}${skippedList(of('skipped'))}</main>`,
    island(Object.fromEntries(pictures)),
  ).text;
}

const HEADINGS = { fail: 'Failed', inconclusive: 'Inconclusive', pass: 'Passed' } as const;
const HINTS = {
  fail: 'Each rule that was broken: what was seen, what it rests on, and what to change.',
  inconclusive: 'What could not be measured well enough to say either; never counted as a failure.',
  pass: 'Open one to see what it rests on.',
} as const;

const LEVELS = ['MUST', 'SHOULD', 'MAY'];

function byLevel(a: Verdict, b: Verdict): number {
  return LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level);
}

/** One for each scenario that a verdict was drawn from. */
function picturesOf(run: Run, history: readonly HistoryEvent[], { faults }: Known): ReadonlyMap<string, Picture> {
  const histories = groupedBy(history, ({ scenario }) => scenario);
  const read = groupedBy(
    run.verdicts.filter(({ outcome }) => outcome !== 'skipped'),
    ({ scenario }) => scenario,
  );
  return new Map(
    [...read].flatMap(([scenario, verdicts]) => {
      const events = histories.get(scenario) ?? [];
      const picture = pictureOf({ scenario, events, verdicts, target: run.target, faults });
      return picture ? [[scenario, picture] as const] : [];
    }),
  );
}

function head(run: Run): Markup {
  const { target, summary } = run;
  const commands = [target.server?.command ?? target.server?.url, target.client?.command].filter(
    (command) => command !== undefined,
  );
  return html`<header><div><p class="kicker">Holdfast: what happens when the network, a proxy or a deploy misbehaves</p>
<h1>${target.name}</h1>
<p>${target.protocol} ${target.roles.join(' and ')}${commands.map((command) => html`<br><code>${command}</code>`)}</p></div>
<p class="grade" data-grade="${summary.grade ?? 'none'}"><span class="mark"><span class="hidden">grade </span>${summary.grade ?? '–'}</span>
<span>${gradeWords(run)}</span></p></header>`;
}

function antiPatterns({ verdicts }: Run): Markup {
  const anchors = new Map(verdicts.map((verdict) => [verdict.check, anchorOf(verdict)]));
  const link = (id: string) => html` <a href="#${anchors.get(id) ?? ''}">${id}</a>`;
  const rows = antiPatternOutcomes(verdicts).map(({ name, outcome, checks }) => {
    const told = outcome === 'fail' || outcome === 'inconclusive' ? checks.map(link) : undefined;
    return html`<li class="${outcome.replace(' ', '-')}"><span class="sign">${SIGNS[outcome]}</span> <span class="name">${name}</span>${told}</li>`;
  });
  return html`<section id="anti-patterns"><h2>The ten anti-patterns</h2><ol>${rows}</ol></section>`;
}

function summary(run: Run): Markup {
  const { summary, wall } = run;
  const [seen, all] = summary.mustSeen;
  const count = (outcome: Outcome, words: string) =>
    html`<li class="${summary[outcome] > 0 ? outcome : 'none'}"><a href="#${outcome}"><b>${summary[outcome]}</b> ${words}</a></li>`;
  return html`<section id="summary"><h2>Summary</h2>
<ul class="counts">${count('fail', summary.waived > 0 ? `failed (${summary.waived} waived)` : 'failed')}${count('inconclusive', 'inconclusive')}${count('pass', 'passed')}${count('skipped', 'skipped')}</ul>
<dl><dt>MUST rules seen</dt><dd>${seen} of ${all}</dd>
<dt>Took</dt><dd>${duration(run.durationMs)}${wall.limitMs === 0 ? '' : ` of the ${duration(wall.limitMs)} allowed`}, from ${run.startedAt}</dd>
${selfCheck(run)}<dt>Network by</dt><dd>${run.engine.kind} ${run.engine.version}, seed ${run.seed}</dd>
<dt>Made by</dt><dd>Holdfast ${run.version} on Node ${run.machine.node}, ${run.machine.cpus} CPUs, ${run.machine.platform}</dd>
<dt>Repeat it</dt><dd><code class="command">${run.replay}</code></dd></dl>${waivers(run)}</section>`;
}

/** Whether the harness itself was in a state to measure. */
function selfCheck({ selfCheck }: Run): Markup | undefined {
  if (selfCheck === null || selfCheck.timerP99Ms === null) return undefined;
  const { timerP99Ms, controls } = selfCheck;
  const seen = controls.filter(({ outcome }) => outcome === 'pass' || outcome === 'fail');
  const right = seen.filter(({ outcome, expected }) => outcome === expected).length;
  const told =
    seen.length === 0 ? '' : `; of clients whose delays are known it judged ${right} of ${seen.length} rightly`;
  return html`<dt>Holdfast itself</dt><dd>timers ${timerP99Ms} ms late (p99)${told}</dd>
`;
}

/** Known failings that fail the gate after all. */
function waivers({ waivers }: Run): Markup | undefined {
  const broken = waivers.flatMap((waiver) => {
    const why = brokenWaiver(waiver);
    return why === undefined
      ? []
      : [
          html`<dt class="fail"><span class="sign">${SIGNS.fail}</span></dt><dd><code>${waiver.check}</code> ${why}</dd>`,
        ];
  });
  return broken.length === 0 ? undefined : html`<h3>Waivers that no longer hold</h3><dl>${broken}</dl>`;
}

/** Nothing is loaded, and no script runs but these: by their hashes. */
function page(run: Run, body: Markup, pictures: Markup): Markup {
  const style = `${readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8')}\n${own('page.css')}\n${own('picture.css')}`;
  const script = [
    readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8'),
    ...['lanes.js', 'hover.js', 'legend.js', 'figure.js', 'start.js'].map(own),
  ].join('\n');
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${run.target.name}: ${run.summary.grade ?? 'no grade'} (Holdfast)</title>
<style>${trusted(style)}</style></head>
<body>${body}
<script type="application/json" id="pictures">${pictures}</script>
<script>${trusted(script)}</script></body></html>
`;
}

function own(name: string): string {
  return readFileSync(join(__dirname, '../page', name), 'utf8');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

export const reporter: Reporter = {
  name: 'html',
  file: 'report.html',
  // That of several runs has their verdicts, and links to the page of each.
  readsHistory: 'where-any',
  render: (run, history) => renderHtml(run, history, loadCatalog()),
};
