/**
 * `npm run proof [-- --all] [-- --only ID]`: every check on its three subjects, as a table (docs/proof.md). With `--all`
 * each subject meets every check, which takes about 40 s a subject. Exit code 1 where something is not as it must be.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import type { Run } from '../harness/contract.js';
import { aimsOf, checkResilient, proveAll, RESILIENT, SCALE, subjects } from './subjects.js';

const FILE = join(__dirname, '../../docs/proof.md');

interface Row {
  resilient: string;
  readonly flawed: string[];
  readonly tricky: string[];
}

async function main(): Promise<void> {
  const all = process.argv.includes('--all');
  const onlyAt = process.argv.indexOf('--only');
  const only = onlyAt > 0 ? process.argv[onlyAt + 1]?.split(',') : undefined;
  const results = mkdtempSync(join(tmpdir(), 'holdfast-proof-'));
  const { checks } = loadCatalog();
  const rows = new Map<string, Row>(
    checks
      .filter(({ id }) => only?.includes(id) ?? true)
      .map(({ id }) => [id, { resilient: 'not run', flawed: [], tricky: [] }]),
  );
  const wrong: string[] = [];
  try {
    for (const form of RESILIENT) {
      const { protocol, roles, words, aims = [...rows.keys()].filter((id) => id.startsWith(`${protocol}/`)) } = form;
      const ids = aims.filter((id) => rows.has(id));
      if (ids.length === 0) continue;
      const run = await checkResilient(form, results, ['--scale', SCALE, ...words, '--only', ids.join(',')]);
      for (const [id, row] of rows) row.resilient = best(row.resilient, run, id);
      const found = run.verdicts
        .filter(({ outcome }) => outcome === 'fail' || outcome === 'inconclusive')
        .map(({ check, outcome, actual, reason }) => `${outcome}: ${check}: ${actual || reason}`);
      const name = `resilient ${protocol} ${roles.join('+')}`;
      wrong.push(...found.map((what) => `${name}: ${what}`));
      process.stderr.write(`${name}: ${found.join('; ') || 'as it must be'}\n`);
    }
    const wanted = subjects().filter((subject) => aimsOf(subject).some((id) => rows.has(id)));
    await proveAll(wanted, results, {
      all,
      onProof(subject, { run, wrong: found }) {
        wrong.push(...found.map((what) => `${subject.file}: ${what}`));
        for (const id of aimsOf(subject)) {
          const told = run.verdicts.filter(({ check }) => check === id);
          // Of a system's client the check may be one of its server.
          const own = told.find(({ role }) => role === subject.meta.role) ?? told[0];
          const outcome = own?.outcome ?? 'no verdict';
          const trick = subject.kind === 'tricky' ? `: ${subject.meta.trick}` : '';
          rows.get(id)?.[subject.kind].push(`${outcome}${trick}`);
        }
        process.stderr.write(`${subject.file}: ${found.length === 0 ? 'as it must be' : found.join('; ')}\n`);
      },
      onAgain: ({ file }, { wrong: found }) =>
        process.stderr.write(`${file}: is tried once more, since: ${found.join('; ')}\n`),
    });
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
  const text = table(rows, wrong, all);
  if (!only) writeFileSync(FILE, text);
  process.stdout.write(text);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

/** A check may be skipped for one role and pass for another. */
function best(sofar: string, run: Run, id: string): string {
  const outcome = run.verdicts.find(({ check }) => check === id)?.outcome;
  return outcome === undefined || (outcome === 'skipped' && sofar !== 'not run') ? sofar : outcome;
}

function table(rows: ReadonlyMap<string, Row>, wrong: readonly string[], all: boolean): string {
  const cell = (outcomes: readonly string[]) => outcomes.join('; ') || '-';
  return [
    '# Proof',
    '',
    `Every check on a program that keeps its rule, one that breaks it, and one that looks wrong and is fine. Made by \`npm run proof${all ? ' -- --all' : ''}\`${all ? ': each subject met every check' : ''}.`,
    '',
    '| check | resilient | flawed | tricky but fine |',
    '| --- | --- | --- | --- |',
    ...[...rows].map(([id, row]) => `| \`${id}\` | ${row.resilient} | ${cell(row.flawed)} | ${cell(row.tricky)} |`),
    '',
    wrong.length === 0
      ? 'Nothing was otherwise than it must be.'
      : `Not as it must be:\n\n${wrong.map((what) => `- ${what}`).join('\n')}`,
    '',
  ].join('\n');
}

void main();
