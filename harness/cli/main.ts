#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { HarnessError, messageOf } from '../errors.js';
import { printableLines } from '../reporters/printable.js';
import { learnArguments, learnEnvironment } from '../secret-sources.js';
import { redact } from '../secrets.js';
import { version } from '../version.js';
import { addCheck } from './check.js';
import { addCompare } from './compare.js';
import { addDoctor } from './doctor.js';
import { EXIT } from './exit.js';
import { addExplain } from './explain.js';
import { addInit } from './init.js';
import { addJudge } from './judge.js';
import { addList } from './list.js';
import { addProxy } from './proxy.js';
import { addReport } from './report.js';
import { addSession } from './session.js';

async function main(args: readonly string[]): Promise<number> {
  learnArguments(args);
  learnEnvironment(process.env);
  const interrupt = new AbortController();
  onInterrupt(args[0] === 'proxy' ? '' : HEALING, () =>
    interrupt.abort(new HarnessError('INTERRUPTED', 'interrupted')),
  );
  let exitCode: number = EXIT.ok;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = new Command('holdfast')
    .description('What happens to a real-time service when the network, a proxy or a deploy misbehaves?')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addCheck(program, finish, interrupt.signal);
  addJudge(program, finish);
  addCompare(program, finish);
  addReport(program);
  addList(program);
  addExplain(program);
  addProxy(program, interrupt.signal);
  addSession(program, finish, interrupt.signal);
  addDoctor(program, finish);
  addInit(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    process.stderr.write(`holdfast: ${printableLines(redact(sentenceOf(error)))}\n`);
    return error instanceof HarnessError && error.code === 'INTERRUPTED' ? EXIT.interrupted : EXIT.couldNotRun;
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help') return 'give a command: see holdfast --help';
    return error.message.replace(/^error: /, '').replace(/\n/g, ' ');
  }
  if (error instanceof HarnessError) return error.message;
  // Ours to mend: the stack is what a report of it needs.
  return `an error of Holdfast's own, please report it: ${error instanceof Error ? error.stack : messageOf(error)}`;
}

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
  process.stderr.write(`holdfast: ${printableLines(redact(sentenceOf(error)))}\n`);
  process.exit(EXIT.couldNotRun);
});
// A reader that leaves, or a terminal that is closed, must not keep a run from healing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
main(process.argv.slice(2)).then((code) => process.exit(code));
