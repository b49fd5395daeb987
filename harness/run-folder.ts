import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Run } from './contract.js';
import { HarnessError, messageOf } from './errors.js';
import { printableJson } from './json.js';
import { RUN_FILE, UNFINISHED_FILE } from './saved-run.js';

/** `results/<target>/<stamp>` (DESIGN section 4), made. */
export function makeRunDirectory(resultsDir: string, name: string, atMs: number): string {
  const stamp = new Date(atMs).toISOString().replace(/[:.]/g, '-');
  const directory = join(resultsDir, name.replace(/[^\w.-]+/g, '_') || 'target', stamp);
  try {
    makeFolders(directory);
  } catch (cause) {
    throw new HarnessError(
      'RESULTS_UNWRITABLE',
      `cannot create ${directory}: ${messageOf(cause)}; name another with --results`,
      { cause },
    );
  }
  return directory;
}

/** Before anything was seen: a run without verdicts. */
export function saveUnfinished(directory: string, run: Run): void {
  writeWhole(join(directory, UNFINISHED_FILE), run);
}

export function saveRun(directory: string, run: Run): void {
  writeWhole(join(directory, RUN_FILE), run);
  rmSync(join(directory, UNFINISHED_FILE), { force: true });
}

/** Whole or not at all: a full disk must leave no half of it. */
function writeWhole(path: string, run: Run): void {
  const part = `${path}.part`;
  try {
    writeFileSync(part, `${printableJson(run, 2)}\n`);
    renameSync(part, path);
  } catch (cause) {
    rmSync(part, { force: true });
    throw new HarnessError('RESULTS_UNWRITABLE', `cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** `latest` beside it, to it. */
export function linkLatest(directory: string): void {
  const link = join(dirname(directory), 'latest');
  try {
    rmSync(link, { force: true, recursive: false });
    symlinkSync(basename(directory), link);
  } catch {
    // A convenience only: some file systems have no links.
  }
}

/** Level by level: Node's `recursive` tries for ever where the system answers ENOENT, as below /proc. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another run may have been quicker.
    if (!existsSync(folder)) throw error;
  }
}
