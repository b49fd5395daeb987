import type { BudgetOutcome, Run, Verdict, WaiverState } from '../contract.js';
import { brokenWaiver } from '../waivers.js';
import { detailsOf } from './details.js';
import { escapeMarkup } from './markup.js';
import { printable, printableLines } from './printable.js';
import type { Reporter } from './reporter.js';

/**
 * One testcase a check: a failure is `failure`, an inconclusive one `error`, a skipped one `skipped`, and so is what is waived; a
 * waiver that no longer holds is a failure of its own.
 */
export function renderJunit(run: Run): string {
  const of = (element: string) => cases.filter((lines) => lines.some((line) => line.includes(`<${element} `))).length;
  const cases = [...run.verdicts.map(testcase), ...run.waivers.flatMap(waiverCase), ...run.budgets.map(budgetCase)];
  const counts = {
    name: `holdfast ${run.target.name}`,
    tests: cases.length,
    failures: of('failure'),
    errors: of('error'),
    skipped: of('skipped'),
    time: seconds(run.durationMs),
  };
  const properties = {
    seed: run.seed,
    replay: run.replay,
    engine: `${run.engine.kind} ${run.engine.version}`,
    grade: run.summary.grade ?? 'none',
    version: run.version,
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(counts)}>`,
    `  <testsuite${attributes({ ...counts, timestamp: run.startedAt.replace(/(\.\d+)?Z$/, '') })}>`,
    '    <properties>',
    ...Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
    ...cases.flat(),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testcase(verdict: Verdict): string[] {
  const [suite = 'holdfast'] = verdict.check.split('/');
  return testcaseOf(`holdfast.${suite}`, `${verdict.check}: ${verdict.title}`, outcomeElement(verdict));
}

function budgetCase({ budget, check, outcome, actual }: BudgetOutcome): string[] {
  const told = attributes({ message: actual, type: 'budget' });
  const element = outcome === 'fail' ? `<failure${told}/>` : `<error${told}/>`;
  return testcaseOf('holdfast.budgets', `${check}: ${budget}`, outcome === 'pass' ? undefined : element);
}

function testcaseOf(classname: string, name: string, inner: string | undefined): string[] {
  const opening = `    <testcase${attributes({ classname, name, time: 0 })}`;
  return inner === undefined ? [`${opening}/>`] : [`${opening}>`, `      ${inner}`, '    </testcase>'];
}

function waiverCase(waiver: WaiverState): string[][] {
  const why = brokenWaiver(waiver);
  if (why === undefined) return [];
  const element = `<failure${attributes({ message: why, type: 'waiver' })}/>`;
  return [testcaseOf('holdfast.waivers', `${waiver.check}: the waiver holds`, element)];
}

function outcomeElement(verdict: Verdict): string | undefined {
  if (verdict.waived !== null)
    return `<skipped${attributes({ message: `${verdict.outcome}, waived: ${verdict.waived}; ${verdict.actual}` })}/>`;
  switch (verdict.outcome) {
    case 'pass':
      return undefined;
    case 'skipped':
      return `<skipped${attributes({ message: verdict.reason ?? 'no reason given' })}/>`;
    case 'fail':
      return `<failure${attributes({ message: verdict.actual, type: verdict.level })}>${text(detailsOf(verdict))}</failure>`;
    case 'inconclusive':
      return `<error${attributes({ message: verdict.reason ?? verdict.actual, type: 'inconclusive' })}>${text(detailsOf(verdict))}</error>`;
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeMarkup(printable(String(value)))}"`)
    .join('');
}

function text(value: string): string {
  return escapeMarkup(printableLines(value));
}

export const reporter: Reporter = { name: 'junit', file: 'junit.xml', render: renderJunit };
