import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { loadCatalog } from '../catalog.js';
import { loadConfig } from '../config.js';
import { duration } from '../reporters/layout.js';
import { printable } from '../reporters/printable.js';
import { redact } from '../secrets.js';
import { toTarget } from '../settings.js';
import { CONFIG_FLAG } from './flags.js';
import { print } from './output.js';

const KINDS = ['checks', 'faults', 'scenarios', 'targets'] as const;
type Kind = (typeof KINDS)[number];
type Row = Readonly<Record<string, unknown>>;

export function addList(program: Command): void {
  program
    .command('list')
    .description('Lists what there is.')
    .addArgument(new Argument('[what]', 'what to list').choices(KINDS).default('checks'))
    .option(...CONFIG_FLAG)
    .option('--json', 'print JSON on stdout and nothing else')
    .action(async (kind: Kind, { json, config }: { json?: boolean; config?: string }) => {
      const rows = await rowsOf(kind, config);
      await print(json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows.map(COLUMNS[kind])));
    });
}

async function rowsOf(kind: Kind, config: string | undefined): Promise<Row[]> {
  const catalog = loadCatalog();
  switch (kind) {
    case 'checks':
      return catalog.checks.map(({ judge, examples, unless, ...meta }) => meta);
    case 'scenarios':
      return catalog.scenarios.map(({ run, unless, ...meta }) => meta);
    case 'faults':
      return catalog.faults.map(({ inject, ...meta }) => meta);
    case 'targets':
      return [...(await configured(config)), ...bundled()];
  }
}

async function configured(config: string | undefined): Promise<Row[]> {
  const loaded = await loadConfig(config, process.cwd());
  return [...(loaded?.targets ?? [])].map(([name, settings]) => {
    const { protocol, roles, server, client } = toTarget(settings, name, loaded?.folder ?? '.');
    const what = [server?.command ?? server?.url, client?.command].filter((text) => text !== undefined);
    return { name, from: loaded?.path, protocol, roles, what: redact(what.join(' | ')) };
  });
}

/** The reference programs that come with Holdfast: they lie in targets/, one a file. */
function bundled(): Row[] {
  const root = join(__dirname, '../../targets');
  const programs = (folder: string, like: RegExp) =>
    readdirSync(join(root, folder))
      .filter((file) => like.test(file) && !file.endsWith('.test.js'))
      .map((file) => ({
        name: join(folder, file.replace(/\.js$/, '')),
        from: 'bundled',
        what: `node ${join(root, folder, file)}`,
      }));
  const flawed = readdirSync(join(root, 'flawed')).flatMap((protocol) => programs(join('flawed', protocol), /\.js$/));
  return [...programs('', /-(server|client)\.js$/), ...flawed];
}

const COLUMNS: Readonly<Record<Kind, (row: Row) => unknown[]>> = {
  checks: (row) => [row.level, row.role, row.id, row.title],
  scenarios: (row) => [row.id, row.lane, row.role, duration(Number(row.windowMs)), row.about],
  faults: (row) => [row.id, row.hop, row.about],
  targets: (row) => [row.name, row.what],
};

function table(rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => row.map((cell) => printable(String(cell))));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}
