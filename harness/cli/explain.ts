import type { Command } from 'commander';
import { ANTI_PATTERNS } from '../anti-patterns.js';
import { type Catalog, loadCatalog } from '../catalog.js';
import type { Check } from '../contract.js';
import { HarnessError } from '../errors.js';
import { duration, wrapped } from '../reporters/layout.js';
import { didYouMean } from './nearest.js';
import { displayOf, print } from './output.js';

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Tells why a check matters, how to mend what fails it, and what its numbers mean.')
    .argument('<check>', 'an id, as websocket/no-heartbeat')
    .option('--json', 'print JSON on stdout and nothing else')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const catalog = loadCatalog();
      const facts = findChecks(id, catalog).map((check) => factsOf(check, catalog));
      if (json) await print(`${JSON.stringify(facts.length > 1 ? facts : facts[0], null, 2)}\n`);
      else await print(explained(id, catalog));
    });
}

/** A page for each check that the id means. */
export function explained(id: string, catalog: Catalog): string {
  return findChecks(id, catalog)
    .map((check) => pageOf(check, catalog))
    .join('\n');
}

/** Two where servers and clients may both have the problem. */
function findChecks(id: string, { checks, protocols }: Catalog): Check[] {
  // The protocol may be left out where only one has such a check.
  const meant = checks.filter(
    (check) => check.id === id || protocols.some((protocol) => check.id === `${protocol}/${id}`),
  );
  const ids = checks.map((known) => known.id);
  if (meant.length === 0) {
    throw new HarnessError(
      'UNKNOWN_CHECK',
      `there is no check "${id}"${didYouMean(id, ids)}; holdfast list checks shows them all`,
    );
  }
  if (new Set(meant.map((one) => one.id)).size > 1) {
    throw new HarnessError('UNKNOWN_CHECK', `"${id}" may be ${meant.map((one) => one.id).join(' or ')}: say which`);
  }
  return meant;
}

function factsOf(check: Check, catalog: Catalog): object {
  const { judge, examples, unless, ...meta } = check;
  const scenario = catalog.scenarios.find((one) => one.id === check.scenario);
  return {
    ...meta,
    scenario: scenario && { id: scenario.id, about: scenario.about, windowMs: scenario.windowMs, lane: scenario.lane },
    faults: catalog.faults
      .filter(({ id }) => scenario?.faults.includes(id))
      .map(({ id, about, evidence }) => ({ id, about, evidence })),
  };
}

function pageOf(check: Check, catalog: Catalog): string {
  const { columns } = displayOf(process.stdout);
  const line = (name: string, text: string) => `${name.padEnd(12)}${wrapped(text, 12, columns)}`;
  const pairs = (values: Readonly<Record<string, string | number>>) =>
    Object.entries(values).map(([name, value]) => `${name} = ${value}`);
  const list = (name: string, items: readonly string[]) =>
    items.map((item, index) => line(index === 0 ? name : '', item));
  const scenario = catalog.scenarios.find((one) => one.id === check.scenario);
  const faults = catalog.faults.filter(({ id }) => scenario?.faults.includes(id));
  const pattern = check.antiPattern === null ? undefined : ANTI_PATTERNS[check.antiPattern - 1];
  return [
    `${check.id} (${check.level}, ${check.role})`,
    '',
    line('rule', check.title),
    line('why', check.why),
    line('fix', check.fix),
    line('source', check.source),
    ...(pattern === undefined ? [] : [line('pattern', `AP ${check.antiPattern}: ${pattern}`)]),
    ...(scenario
      ? [
          line(
            'scenario',
            `${scenario.id}: ${scenario.about} (about ${duration(scenario.windowMs)}, ${scenario.lane} lane)`,
          ),
        ]
      : []),
    ...list(
      'faults',
      faults.map(({ id, about, evidence }) => `${id}: ${about}; its bite: ${evidence}`),
    ),
    ...list(
      'thresholds',
      pairs(check.expect).map((pair) => (isScaled(check, pair) ? `${pair}, multiplied by --scale` : pair)),
    ),
    ...list(
      'measured',
      Object.entries(check.measured).map(([name, unit]) => `${name}: ${unit}`),
    ),
    ...list(
      'needs',
      (check.needs ?? []).map((id) => `${id} (where that fails, this is skipped)`),
    ),
    ...list(
      'implies',
      (check.implies ?? []).map((id) => `${id} may fail of the same cause`),
    ),
    '',
  ].join('\n');
}

function isScaled(check: Check, pair: string): boolean {
  return check.scaled?.some((name) => pair.startsWith(`${name} =`)) ?? false;
}
