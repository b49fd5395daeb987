import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { HarnessError } from '../errors.js';
import { renderJson } from '../reporters/json.js';
import { rejudge } from '../run.js';
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
      const directory = runDirectory(given);
      const run = await rejudge(directory);
      if (json) await print(renderJson(run));
      else await printTable(run, directory, {});
      finish(exitCodeOf(run, {}));
    });
}

/** A run may be named by its folder or by its run.json. */
function runDirectory(given: string): string {
  const path = resolve(given);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new HarnessError('NO_RUN', `there is no saved run ${path}`);
  return stats.isDirectory() ? path : dirname(path);
}
