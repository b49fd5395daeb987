import { countsText } from '../combine.js';
import type { Check, HistoryEvent, Outcome, Run, Verdict } from '../contract.js';
import { evidenceOf, surenessOf } from './details.js';
import { eventWords } from './event-words.js';
import { groupedBy } from './grouped.js';
import { html, island, type Markup } from './html-markup.js';
import { duration } from './layout.js';
import type { Picture } from './picture.js';
import { laneName } from './picture-lanes.js';
import { pictureWords } from './picture-words.js';

export const SIGNS: Readonly<Record<Outcome | 'not run', string>> = {
  fail: 'FAIL',
  inconclusive: 'unclear',
  pass: 'pass',
  skipped: 'skipped',
  'not run': 'not run',
};

interface Context {
  readonly run: Run;
  readonly check: Pick<Check, 'why' | 'source' | 'measured'> | undefined;
  readonly picture: Picture | undefined;
  /** What happens in the scenario. */
  readonly about: string;
  /** What the verdict rests on. */
  readonly events: readonly HistoryEvent[];
}

/** As many are listed at once, and as many at all. */
const LISTED = 6;
const MARKED = 60;
const RAW_LENGTH = 600;

/** A server and a client may each have a check of one id. */
export function anchorOf({ check, role }: Verdict): string {
  return `${check}/${role}`;
}

export function verdictArticle(verdict: Verdict, context: Context): Markup {
  const { outcome } = verdict;
  const isOpen = outcome === 'fail' || outcome === 'inconclusive';
  return html`<article class="verdict ${outcome}" id="${anchorOf(verdict)}"><details${isOpen ? html` open` : undefined}>
<summary><span class="sign">${SIGNS[outcome]}</span> <h3>${verdict.title}</h3> <span class="actual">${verdict.actual}</span></summary>
<div class="body"><dl>${rowsOf(verdict, context)}</dl>${evidence(verdict, context)}${figure(context)}</div>
</details></article>`;
}

function rowsOf(verdict: Verdict, { run, check }: Context): readonly (Markup | undefined)[] {
  const isOpen = verdict.outcome === 'fail' || verdict.outcome === 'inconclusive';
  const row = (name: string, value: Markup | string | undefined) =>
    value === undefined ? undefined : html`<dt>${name}</dt><dd>${value}</dd>`;
  return [
    verdict.outcome === 'fail' ? html`<dt class="fix">Fix</dt><dd class="fix">${verdict.fix}</dd>` : undefined,
    row('Expected', verdict.expected),
    row('Actual', verdict.actual),
    row('Reason', verdict.reason === null || verdict.reason === verdict.actual ? undefined : verdict.reason),
    row('Why it matters', isOpen ? check?.why : undefined),
    row('How sure', `${surenessOf(verdict)}; ${VIEWS[verdict.view]}`),
    row('Runs', runsOf(verdict)),
    row(
      'Standard',
      verdict.conformant === null
        ? undefined
        : verdict.conformant
          ? 'what it does is what the standard orders; the rule asks for more'
          : 'what it does is not what the standard orders',
    ),
    row('Waived', verdict.waived ?? undefined),
    row('Measured', numbers(verdict.measured, check?.measured ?? {})),
    row('Limits', numbers(verdict.threshold, {}, run.target.expect[verdict.check])),
    row('Rule stands on', isOpen ? check?.source : undefined),
    row('Check', html`<code>${verdict.check}</code> (${verdict.level}, of the ${verdict.role})`),
    row('Repeat it', html`<code class="command">${run.replay} --only ${verdict.check}</code>`),
  ];
}

/** Of a repeated run: how often it came out so, and which run shows it. */
function runsOf({ counts, run }: Verdict): Markup | undefined {
  if (counts === undefined) return undefined;
  const shown = run === undefined ? '' : html`; shown here: <a href="${run}/report.html">run ${run}</a>`;
  return html`${countsText(counts)}${shown}`;
}

const VIEWS = { wire: 'seen on the wire', application: 'by what the application itself reported' } as const;

function numbers(
  values: Readonly<Record<string, unknown>>,
  units: Readonly<Record<string, string>>,
  changed: Readonly<Record<string, number>> = {},
): Markup | undefined {
  const items = Object.entries(values).map(([name, value]) => {
    const unit = value === null ? undefined : units[name];
    const note = name in changed ? " (the target's own)" : '';
    return html`<li><span>${name}</span> <b>${valueWords(value)}</b>${unit === undefined ? '' : ` ${unit}`}${note}</li>`;
  });
  return items.length === 0 ? undefined : html`<ul class="numbers">${items}</ul>`;
}

function valueWords(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueWords).join(', ');
  return typeof value === 'number' ? value.toLocaleString('en') : String(value);
}

/** One click from each event to where it stands in the picture. */
function evidence(verdict: Verdict, { events, picture }: Context): Markup {
  if (events.length === 0)
    return html`<p class="hint">${verdict.because.length === 0 ? `Rests on no single event of the scenario ${verdict.scenario}.` : evidenceOf(verdict)}</p>`;
  const since = picture?.startMs ?? 0;
  const item = (event: HistoryEvent) =>
    html`<li><button type="button" class="event" data-seq="${event.seq}">${seconds(event.t - since)}</button> ${eventWords(event)} <small>event ${event.seq}</small></li>`;
  const [first, others] = [events.slice(0, LISTED), events.slice(LISTED, MARKED)];
  const more =
    others.length === 0
      ? undefined
      : html`<details><summary>${events.length - LISTED} more</summary><ol class="evidence" start="${LISTED + 1}">${others.map(item)}</ol></details>`;
  const raw =
    verdict.outcome === 'pass'
      ? undefined
      : html`<details class="raw"><summary>As recorded in history.jsonl</summary><pre>${events.slice(0, LISTED).map(
          (event) => html`${JSON.stringify(event).slice(0, RAW_LENGTH)}
`,
        )}</pre></details>`;
  return html`<h4>What it rests on</h4><ol class="evidence">${first.map(item)}</ol>${more}${raw}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

function figure({ events, picture, about }: Context): Markup | undefined {
  if (!picture) return undefined;
  const marks = events.slice(0, MARKED).map((event) => {
    const lane = 'gate' in event ? event.gate : event.type === 'process' ? `process ${event.process}` : '';
    return [event.seq, Math.round(event.t - picture.startMs), laneName(lane), eventWords(event)];
  });
  return html`<figure class="picture" data-scenario="${picture.scenario}" data-events="${island(marks).text}">
<figcaption><b>${picture.scenario}</b> ${about} <small>(from ${duration(picture.startMs)} into the run, ${duration(picture.spanMs)} long)</small></figcaption>
<div class="canvas" role="img" aria-label="${pictureWords(picture)}"></div>
<noscript><p>${pictureWords(picture)}</p></noscript></figure>`;
}

/** By reason: most have few. */
export function skippedList(verdicts: readonly Verdict[]): Markup | undefined {
  if (verdicts.length === 0) return undefined;
  const groups = [...groupedBy(verdicts, ({ reason }) => reason ?? 'no reason given')].map(
    ([reason, own]) =>
      html`<dt>${reason}</dt><dd>${own.map((verdict) => html`<code id="${anchorOf(verdict)}" title="${verdict.title}">${verdict.check}</code> `)}</dd>`,
  );
  return html`<section id="skipped"><h2>Skipped <small>${verdicts.length}</small></h2>
<p class="hint">Not asked of this target, each for the reason that is given; a missing declaration names the flag.</p>
<details><summary>All ${verdicts.length} and their reasons</summary><dl class="reasons">${groups}</dl></details></section>`;
}
