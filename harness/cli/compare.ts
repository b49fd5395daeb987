import { type Command, Option } from 'commander';
import { type Comparison, compareRuns, hasRegressed } from '../compare.js';
import { HarnessError } from '../errors.js';
import { renderComparison } from '../reporters/comparison.js';
import { openRun } from '../saved-run.js';
import { EXIT } from './exit.js';
import { displayOf, print } from './output.js';

export function addCompare(program: Command, finish: (code: number) => void): void {
  program
    .command('compare')
    .summary('tell what got better or worse between two saved runs')
    .description('Tells what got better, worse or doubtful between two saved runs: no network, nothing is judged anew.')
    .argument('<before>', 'the folder of a saved run')
    .argument('<after>', 'the folder of a later one, as results/chat/latest')
    .addOption(new Option('--gate <gate>', 'exit with 1 where something got worse').choices(['no-regressions']))
    .addHelpText('after', GATE_HELP)
    .action(async (earlier: string, later: string, { gate }: { gate?: string }) => {
      const before = openRun(earlier).run;
      const after = openRun(later).run;
      const [was, is] = [before.target.protocol, after.target.protocol];
      if (was !== is) throw new HarnessError('NOT_COMPARABLE', `cannot compare a run of ${was} with one of ${is}`);
      const comparison = compareRuns(before, after);
      const { columns, color } = displayOf(process.stdout);
      const code = gate === undefined ? EXIT.ok : gateCode(comparison);
      await print(renderComparison(before, after, comparison, { columns, color }) + sentence(code, comparison));
      finish(code);
    });
}

const GATE_HELP = `
Exit codes with --gate no-regressions:
  1    something that passed fails now, whatever its level, or the server ends by itself now
  2    something passed and could not be decided now, or could not be decided and fails now; or nothing was decided by both
  0    otherwise; what only one of both was asked changes nothing
A check whose severity the later run's config sets to warn is not gated. Without --gate the exit code is 0.`;

function gateCode(comparison: Comparison): number {
  return { yes: EXIT.failed, unknown: EXIT.inconclusive, no: EXIT.ok }[hasRegressed(comparison)];
}

function sentence(code: number, { decided }: Comparison): string {
  if (code === EXIT.failed) return 'exit code 1: --gate no-regressions is not met\n';
  if (code !== EXIT.inconclusive) return '';
  const why = decided === 0 ? ': the runs decided nothing in common' : '';
  return `exit code 2: --gate no-regressions is not decided${why}\n`;
}
