import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Run } from './contract.js';
import { HarnessError, messageOf } from './errors.js';
import { migrate } from './migrate.js';

export const RUN_FILE = 'run.json';
export const HISTORY_FILE = 'history.jsonl';

export interface SavedRun {
  readonly run: Run;
  readonly directory: string;
}

/** A saved run by its folder or its run.json; what is none of ours is told by what it lacks. */
export function openRun(given: string): SavedRun {
  const path = resolve(given);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new HarnessError('NO_RUN', `there is no saved run ${path}`);
  const directory = stats.isDirectory() ? path : dirname(path);
  return { run: readRun(directory), directory };
}

export function historyOf(directory: string): string {
  return join(directory, HISTORY_FILE);
}

export function readRun(directory: string): Run {
  const file = join(directory, RUN_FILE);
  const refuse = (code: string, why: string, cause?: unknown): never => {
    throw new HarnessError(code, why, { cause });
  };
  if (!exists(file)) {
    if (exists(join(directory, HISTORY_FILE)))
      refuse('UNFINISHED_RUN', `${directory} is of a run that ended before it was judged: there is no ${RUN_FILE}`);
    refuse('NO_RUN', `${directory} is no saved run: there is no ${RUN_FILE} in it (see results/<target>/)`);
  }
  let saved: unknown;
  try {
    saved = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    refuse('BROKEN_RUN', `${file} is cut off or no JSON: ${messageOf(cause)}`, cause);
  }
  return migrate(saved, file);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
