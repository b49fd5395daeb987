import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryEvent, Run } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import { findReporters } from './registry.js';

export interface Written {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** Writes the named reports into the run's folder. `readEvents` is asked once, and only where one of them reads the history. */
export async function writeReports(
  names: Iterable<string>,
  run: Run,
  directory: string,
  readEvents: () => Promise<readonly HistoryEvent[]>,
): Promise<Written[]> {
  const wanted = new Set(names);
  // Several runs have a history each, and their own reports of it beside it.
  const isSum = run.options.repeat !== undefined;
  const reporters = findReporters().filter(
    ({ name, readsHistory }) => wanted.has(name) && !(isSum && readsHistory === true),
  );
  const events = !isSum && reporters.some(({ readsHistory }) => readsHistory) ? await readEvents() : [];
  return reporters.map(({ name, file, render }) => {
    const path = join(directory, file);
    const text = render(run, events);
    try {
      writeFileSync(path, text);
    } catch (cause) {
      throw new HarnessError('REPORT_UNWRITABLE', `cannot write ${path}: ${messageOf(cause)}`, { cause });
    }
    return { name, path, text };
  });
}
