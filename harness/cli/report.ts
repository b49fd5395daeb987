import { relative } from 'node:path';
import type { Command } from 'commander';
import { parseSettings } from '../config.js';
import { eventsOf } from '../history.js';
import { reporterNames } from '../reporters/registry.js';
import { renderTerminal } from '../reporters/terminal.js';
import { writeReports } from '../reporters/write.js';
import { openRun, readSavedHistory } from '../saved-run.js';
import { addToStepSummary, withoutCommands } from './github.js';
import { displayOf, print } from './output.js';
import { flagName } from './words.js';

export function addReport(program: Command): void {
  const names = reporterNames();
  program
    .command('report')
    .summary('make the reports of a saved run again')
    .description('Makes the reports of a saved run again, beside it: no network, nothing is judged anew.')
    .argument('<run>', 'the folder of a saved run, as results/chat/latest')
    .option('--reporter <list>', `${names.join(',')} (default all of them but terminal)`)
    .action(async (given: string, { reporter }: { reporter?: string }) => {
      const { run, directory } = openRun(given);
      const asked = reporter === undefined ? undefined : parseSettings({ reporter }, flagName).reporter;
      const wanted = asked ?? names.filter((name) => name !== 'terminal');
      const { columns, color } = displayOf(process.stdout);
      if (wanted.includes('terminal'))
        await print(withoutCommands(renderTerminal(run, { columns, color, directory }), process.env));
      const written = await writeReports(wanted, run, directory, async () =>
        eventsOf(await readSavedHistory(directory)),
      );
      addToStepSummary(written, process.env);
      await print(written.map(({ path }) => `wrote ${relative(process.cwd(), path)}\n`).join(''));
    });
}
