import type { Command } from 'commander';
import { renderJson } from '../reporters/json.js';
import { rejudge } from '../run.js';
import { openRun } from '../saved-run.js';
import { printTable } from './check.js';
import { exitCodeOf } from './exit.js';
import { print } from './output.js';

export function addJudge(program: Command, finish: (code: number) => void): void {
  program
    .command('judge')
    .description('Judges a saved run again: no network, the same verdicts. Exit codes as of check without --gate.')
    .argument('<run>', 'the folder of a saved run, as results/chat/latest')
    .option('--json', 'print run.json on stdout and nothing else')
    .action(async (given: string, { json }: { json?: boolean }) => {
      const saved = openRun(given);
      const run = await rejudge(saved);
      if (json) await print(renderJson(run));
      else await printTable(run, saved.directory, {});
      finish(exitCodeOf(run, {}));
    });
}
