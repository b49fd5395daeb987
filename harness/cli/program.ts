import { Command, CommanderError } from 'commander';
import { HarnessError, messageOf } from '../errors.js';
import { printable, printableLines } from '../reporters/printable.js';
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

/** The command line: everything that it says, and the exit code; `interrupt` ends what runs in order. */
export async function holdfast(args: readonly string[], interrupt: AbortSignal): Promise<number> {
  let exitCode: number = EXIT.ok;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = new Command('holdfast')
    .description('What happens to a real-time service when the network, a proxy or a deploy misbehaves?')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addCheck(program, finish, interrupt);
  addJudge(program, finish);
  addCompare(program, finish);
  addReport(program);
  addList(program);
  addExplain(program);
  addProxy(program, interrupt);
  addSession(program, finish, interrupt);
  addDoctor(program, finish);
  addInit(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    process.stderr.write(toldOf(error));
    return error instanceof HarnessError && error.code === 'INTERRUPTED' ? EXIT.interrupted : EXIT.couldNotRun;
  }
}

/** A sentence may quote what it was given, of any length. */
const LONGEST_TOLD = 2500;

/** The one line that ends what could not be run. */
export function toldOf(error: unknown): string {
  const text = redact(sentenceOf(error));
  const told = isOurs(error) ? printableLines(text) : printable(text);
  return `holdfast: ${told.length > LONGEST_TOLD ? `${told.slice(0, LONGEST_TOLD)} ...` : told}\n`;
}

/** A mistake of ours, with its stack. */
function isOurs(error: unknown): boolean {
  return !(error instanceof HarnessError || error instanceof CommanderError);
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
