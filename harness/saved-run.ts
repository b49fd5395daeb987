import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Run } from './contract.js';
import { HarnessError, messageOf } from './errors.js';
import { wrongEvent } from './event-schema.js';
import { type Histories, readHistory } from './history.js';
import { migrate } from './migrate.js';

export const RUN_FILE = 'run.json';
export const HISTORY_FILE = 'history.jsonl';
/** What run.json is to say, from the start until it is there: by it a run that was killed can be judged. */
export const UNFINISHED_FILE = 'unfinished.json';

export interface SavedRun {
  readonly run: Run;
  readonly directory: string;
  /** It ended, or was ended, before it was judged. */
  readonly unfinished?: true;
}

/** A saved run by its folder or its run.json; what is none of ours is told by what it lacks. */
export function openRun(given: string): SavedRun {
  const directory = folderOf(given);
  return { run: readRun(directory), directory };
}

/** The same, or one that was never judged: its verdicts are still to come. */
export function openHistory(given: string): SavedRun {
  const directory = folderOf(given);
  const head = join(directory, UNFINISHED_FILE);
  if (exists(join(directory, RUN_FILE)) || !exists(head)) return { run: readRun(directory), directory };
  return { run: parsed(head), directory, unfinished: true };
}

function folderOf(given: string): string {
  const path = resolve(given);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new HarnessError('NO_RUN', `there is no saved run ${path}`);
  return stats.isDirectory() ? path : dirname(path);
}

export function historyOf(directory: string): string {
  return join(directory, HISTORY_FILE);
}

/** The events of a run that is over; a line that is none of ours is told. */
export function readSavedHistory(directory: string): Promise<Histories> {
  return readHistory(historyOf(directory), wrongEvent);
}

export function readRun(directory: string): Run {
  const file = join(directory, RUN_FILE);
  const refuse = (code: string, why: string): never => {
    throw new HarnessError(code, why);
  };
  if (!exists(file)) {
    if (exists(join(directory, HISTORY_FILE)))
      refuse(
        'UNFINISHED_RUN',
        `${directory} is of a run that ended before it was judged: holdfast judge tells what was seen`,
      );
    refuse('NO_RUN', `${directory} is no saved run: there is no ${RUN_FILE} in it (see results/<target>/)`);
  }
  return parsed(file);
}

function parsed(file: string): Run {
  let saved: unknown;
  try {
    saved = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new HarnessError('BROKEN_RUN', `${file} is cut off or no JSON: ${messageOf(cause)}`, { cause });
  }
  return migrate(saved, file);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
