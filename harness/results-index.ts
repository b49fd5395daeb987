import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './contract.js';
import { type IndexedRun, type IndexedTarget, RESULTS_MARK, renderResults } from './reporters/results-page.js';
import { openRun } from './saved-run.js';

/** The newest of each target; reading all of a long history would hold up every run. */
const MOST_RUNS = 30;
const TREND = /(?:Ms|Bytes|Ratio|Factor|Pct)$/;

/** Writes `index.html` over all saved runs below `resultsDir`; one of somebody else's is left alone. */
export function writeResultsIndex(resultsDir: string): void {
  const path = join(resultsDir, 'index.html');
  if (existsSync(path) && !readFileSync(path, 'utf8').includes(RESULTS_MARK)) return;
  // Several runs may end at once: each leaves a whole page.
  const part = `${path}.${process.pid}`;
  writeFileSync(part, renderResults(readResults(resultsDir)));
  renameSync(part, path);
}

export function readResults(resultsDir: string): IndexedTarget[] {
  return foldersIn(resultsDir)
    .map((name) => readTarget(resultsDir, name))
    .filter(({ runs, unreadable }) => runs.length + unreadable > 0);
}

function readTarget(resultsDir: string, name: string): IndexedTarget {
  // Stamps sort by time.
  const stamps = foldersIn(join(resultsDir, name)).filter((stamp) => /^\d{4}-\d\d-\d\dT/.test(stamp));
  const newest = stamps.slice(-MOST_RUNS);
  const runs = newest.flatMap((stamp) => {
    const directory = join(resultsDir, name, stamp);
    try {
      const { run } = openRun(directory);
      const file = existsSync(join(directory, 'report.html')) ? 'report.html' : 'run.json';
      return [indexed(run, [name, stamp, file].map(encodeURIComponent).join('/'))];
    } catch {
      // Interrupted, or of another version: counted, and its folder is there to be looked at.
      return [];
    }
  });
  return { name, runs, older: stamps.length - newest.length, unreadable: newest.length - runs.length };
}

function indexed(run: Run, href: string): IndexedRun {
  const { summary, startedAt, durationMs, version, verdicts, target, budgets = [] } = run;
  const failed = verdicts.filter(({ outcome }) => outcome === 'fail').map(({ check }) => check);
  const broken = budgets.filter(({ outcome }) => outcome === 'fail').map(({ budget }) => budget);
  const numbers = verdicts
    .filter(({ outcome, threshold }) => (outcome === 'pass' || outcome === 'fail') && Object.keys(threshold).length > 0)
    .flatMap(({ check, role, measured }) =>
      Object.entries(measured).flatMap(([name, value]): [string, number][] =>
        typeof value === 'number' && TREND.test(name) ? [[`${check} ${name} (${role})`, value]] : [],
      ),
    );
  const budgeted = budgets.flatMap(({ budget, value }): [string, number][] =>
    value === null ? [] : [[`budget ${budget}`, value]],
  );
  return {
    href,
    startedAt,
    durationMs,
    version,
    protocol: target.protocol,
    summary,
    failed: [...failed, ...broken],
    numbers: new Map([...budgeted, ...numbers]),
  };
}

function foldersIn(path: string): string[] {
  return readdirSync(path)
    .filter((name) => lstatSync(join(path, name), { throwIfNoEntry: false })?.isDirectory() ?? false)
    .sort();
}
