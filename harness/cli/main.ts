#!/usr/bin/env node
import { HarnessError } from '../errors.js';
import { learnArguments, learnEnvironment } from '../secret-sources.js';
import { EXIT } from './exit.js';
import { holdfast, toldOf } from './program.js';

const HEALING = '\ninterrupted: healing, stopping and saving; once more to kill at once\n';

/** The first signal ends the run in order; the second ends us at once. */
function onInterrupt(said: string, first: () => void): void {
  let seen = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (seen) process.exit(EXIT.interrupted);
      seen = true;
      process.stderr.write(said);
      first();
    });
  }
  // Started by holdfast/jest: when that process is gone, nobody waits for this run.
  process.on('disconnect', first);
}

// Never code 1, which says that a check failed; what was started goes with us by `exit` and the reaper.
process.on('uncaughtException', (error) => {
  process.stderr.write(toldOf(error));
  process.exit(EXIT.couldNotRun);
});
// A reader that leaves, or a terminal that is closed, must not keep a run from healing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const args = process.argv.slice(2);
learnArguments(args);
learnEnvironment(process.env);
const interrupt = new AbortController();
onInterrupt(args[0] === 'proxy' ? '' : HEALING, () => interrupt.abort(new HarnessError('INTERRUPTED', 'interrupted')));
holdfast(args, interrupt.signal).then((code) => process.exit(code));
