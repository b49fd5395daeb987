import type { Command } from 'commander';
import { loadConfig } from '../config.js';
import type { Settings } from '../config-schema.js';
import type { Run, Target } from '../contract.js';
import { HarnessError } from '../errors.js';
import { type Flip, type Rules, rejudge } from '../rejudge.js';
import { renderJson } from '../reporters/json.js';
import { printable } from '../reporters/printable.js';
import { openHistory } from '../saved-run.js';
import { knownOf } from '../settings.js';
import { printTable } from './check.js';
import { exitCodeOf } from './exit.js';
import { print } from './output.js';

export function addJudge(program: Command, finish: (code: number) => void): void {
  program
    .command('judge')
    .description(
      'Judges a saved run again: no network, the same verdicts. Tells which of them flip under other thresholds, or a later check. Exit codes as of check without --gate.',
    )
    .argument('<run>', 'the folder of a saved run, as results/chat/latest')
    .option(
      '--config <file>',
      'judge by the expect, severity, budgets and known of this config instead of those of the run',
    )
    .option('--json', 'print run.json on stdout and nothing else')
    .action(async (given: string, { json, config }: { json?: boolean; config?: string }) => {
      const saved = openHistory(given);
      if (saved.unfinished) {
        process.stderr.write(
          `${printable(saved.directory)} is of a run that ended before it was judged; by what was seen:\n`,
        );
      }
      const rulesFor = config === undefined ? undefined : await rulesOf(config);
      const { run, flips } = await rejudge(saved, rulesFor);
      if (json) await print(renderJson(run));
      else await printTable(run, saved.directory, {});
      const told = toldOf(flips, run);
      if (json) process.stderr.write(told);
      else await print(told);
      finish(exitCodeOf(run, {}));
    });
}

/** What the config says of the target of this name, or of its only one. */
async function rulesOf(path: string): Promise<(saved: Target) => Rules> {
  const config = await loadConfig(path, process.cwd());
  return (saved) => {
    const targets: ReadonlyMap<string, Settings> = config?.targets ?? new Map();
    const settings = targets.get(saved.name) ?? (targets.size === 1 ? [...targets.values()][0] : undefined);
    if (!settings) {
      throw new HarnessError(
        'UNKNOWN_TARGET',
        `${config?.path} has no target "${saved.name}", which the saved run is of; it has ${[...targets.keys()].join(', ') || 'none'}`,
      );
    }
    const { expect = {}, severity = {}, budgets = [] } = settings;
    return { expect, severity, budgets, known: knownOf(settings, saved.protocol) };
  };
}

function toldOf(flips: readonly Flip[], run: Run): string {
  const both = new Set(run.verdicts.map(({ role }) => role)).size > 1;
  return flips
    .map(({ check, role, from, to, thresholds }) => {
      const why = thresholds.map(([name, before, now]) => `${name} ${before ?? 'none'} -> ${now}`).join(', ');
      return `flipped: ${check}${both ? ` (${role})` : ''} ${from} -> ${to}${why === '' ? '' : ` (${why})`}`;
    })
    .map((line) => `${printable(line)}\n`)
    .join('');
}
