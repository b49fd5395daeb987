import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { loadCatalog } from './catalog.js';
import { nowMs, wallMs } from './clock.js';
import type { Run } from './contract.js';
import { HarnessError, messageOf } from './errors.js';
import { createHistoryWriter, type Histories, readHistory } from './history.js';
import { hasCrashed, judge, summarize } from './judge.js';
import { runLanes } from './lanes.js';
import { createLog } from './log.js';
import { makePlan, type Plan } from './plan.js';
import { createRandom } from './random.js';
import { historyOf, RUN_FILE, type SavedRun } from './saved-run.js';
import { openEngine } from './toxiproxy/find.js';

export type Progress =
  | { readonly kind: 'engine'; readonly engine: Run['engine'] }
  | {
      readonly kind: 'scenario';
      readonly id: string;
      readonly state: 'started' | 'finished';
      readonly windowMs: number;
    }
  | { readonly kind: 'phase'; readonly scenario: string; readonly phase: string }
  | { readonly kind: 'note'; readonly text: string };

export interface RunSettings {
  readonly resultsDir: string;
  /** The command that repeats this run. */
  readonly replay: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Wall time may exceed the longest window by this factor (DESIGN section 5). Busy scenarios never run during the jitter
 * outage (same section), so that where a target has both, the two come one after the other.
 */
const WALL_FACTOR = 1.2;
/** Starting the target once and looking at its traffic comes before all windows. */
const PREFLIGHT_MS = 8000;

export interface FinishedRun extends SavedRun {
  readonly events: Histories;
}

/** Runs the plan's scenarios, writes the history, then judges it. Throws HarnessError when there can be no verdicts. */
export async function performRun(plan: Plan, settings: RunSettings): Promise<FinishedRun> {
  const startedWall = wallMs();
  const epochMs = nowMs();
  const directory = makeDirectory(settings.resultsDir, plan.target.name, startedWall);
  const log = createLog(join(directory, 'harness.log'));
  await using engine = await openEngine(plan.options.engine, plan.options.seed);
  const engineFacts = { kind: engine.kind, version: engine.version };
  settings.onProgress({ kind: 'engine', engine: engineFacts });
  const history = await createHistoryWriter(historyOf(directory));
  try {
    await runLanes(plan, {
      leaseEngine: () => engine.lease(),
      // From the seed: the same seed gives the same hashes, and no payload can be guessed without it.
      observerKey: createRandom(plan.options.seed, 'observer').token(32),
      signal: settings.signal,
      onProgress: settings.onProgress,
      log,
      append: (scenario, atMs, event) => history.append(scenario, atMs - epochMs, event),
    });
  } finally {
    await history.close();
  }
  const durationMs = nowMs() - epochMs;
  const events = await readHistory(history.path);
  const verdicts = judge(plan.planned, events, plan.target, plan.options);
  const run: Run = {
    schema: 'holdfast.run/1',
    version: version(),
    seed: plan.options.seed,
    replay: settings.replay,
    engine: engineFacts,
    machine: { node: process.version, cpus: cpus().length, platform: `${process.platform} ${process.arch}` },
    target: plan.target,
    options: plan.options,
    startedAt: new Date(startedWall).toISOString(),
    durationMs: Math.round(durationMs),
    wall: {
      quietMs: Math.round(plan.quietMs),
      busyMs: Math.round(plan.busyMs),
      limitMs: Math.round(WALL_FACTOR * (PREFLIGHT_MS + Math.max(plan.quietMs, plan.timingMs + plan.busyMs))),
    },
    verdicts,
    summary: summarize(verdicts, plan.options.scale, plan.target.roles, hasCrashed(events)),
  };
  writeFileSync(join(directory, RUN_FILE), `${JSON.stringify(run, null, 2)}\n`);
  linkLatest(directory);
  if (settings.signal.aborted) throw new HarnessError('INTERRUPTED', `interrupted; what was seen is in ${directory}`);
  return { run, directory, events };
}

/** Judges a saved run again: no network, the same verdicts from the same checks. */
export async function rejudge({ run: saved, directory }: SavedRun): Promise<Run> {
  const { planned } = makePlan(saved.target, saved.options, loadCatalog());
  const events = await readHistory(historyOf(directory));
  const verdicts = judge(planned, events, saved.target, saved.options);
  const summary = summarize(verdicts, saved.options.scale, saved.target.roles, hasCrashed(events));
  return { ...saved, verdicts, summary };
}

function makeDirectory(resultsDir: string, name: string, atMs: number): string {
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

function linkLatest(directory: string): void {
  const link = join(dirname(directory), 'latest');
  try {
    rmSync(link, { force: true, recursive: false });
    symlinkSync(basename(directory), link);
  } catch {
    // A convenience only: some file systems have no links.
  }
}

function version(): string {
  return (require('../../package.json') as { version: string }).version;
}
