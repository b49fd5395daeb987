import { cpus } from 'node:os';
import { join } from 'node:path';
import { nowMs, wallMs } from './clock.js';
import { type Concluded, conclude } from './conclude.js';
import type { Run } from './contract.js';
import { HarnessError } from './errors.js';
import { RunLimit } from './event-limit.js';
import { createHistoryWriter, type Histories, readHistory } from './history.js';
import { runLanes } from './lanes.js';
import { createLog } from './log.js';
import type { Plan } from './plan.js';
import { createRandom } from './random.js';
import { linkLatest, makeRunDirectory, saveRun, saveUnfinished } from './run-folder.js';
import { historyOf, type SavedRun } from './saved-run.js';
import { publicTarget } from './secret-sources.js';
import { redact, withoutSecrets } from './secrets.js';
import { openEngine } from './toxiproxy/find.js';
import { version } from './version.js';

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
  /** A folder of its own in place of `<resultsDir>/<target>/<stamp>`. */
  readonly directory?: string;
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
  const directory = settings.directory ?? makeRunDirectory(settings.resultsDir, plan.target.name, startedWall);
  const log = createLog(join(directory, 'harness.log'));
  await using engine = await openEngine(plan.options.engine, plan.options.seed);
  const engineFacts = { kind: engine.kind, version: engine.version };
  settings.onProgress({ kind: 'engine', engine: engineFacts });
  const head = headOf(plan, settings.replay, engineFacts, startedWall);
  saveUnfinished(directory, { ...head, ...withoutSecrets(conclude(plan, new Map(), head.startedAt)) });
  const history = await createHistoryWriter(historyOf(directory));
  const signal = AbortSignal.any([settings.signal, history.failed]);
  const limit = new RunLimit();
  try {
    await runLanes(plan, {
      leaseEngine: () => engine.lease(),
      // From the seed: the same seed gives the same hashes, and no payload can be guessed without it.
      observerKey: createRandom(plan.options.seed, 'observer').token(32),
      signal,
      onProgress: settings.onProgress,
      log,
      append(scenario, atMs, event) {
        for (const kept of limit.take(scenario, event)) history.append(scenario, atMs - epochMs, kept);
      },
    });
  } finally {
    await history.close();
  }
  const durationMs = nowMs() - epochMs;
  const events = await readHistory(history.path);
  const told = withoutSecrets(conclude(plan, events, head.startedAt));
  const run: Run = { ...head, durationMs: Math.round(durationMs), ...told };
  saveRun(directory, run);
  if (settings.directory === undefined) linkLatest(directory);
  if (settings.signal.aborted) throw new HarnessError('INTERRUPTED', `interrupted; what was seen is in ${directory}`);
  return { run, directory, events };
}

/** What is known before anything was seen. */
function headOf(plan: Plan, replay: string, engine: Run['engine'], startedWall: number): Omit<Run, keyof Concluded> {
  return {
    schema: 'holdfast.run/1',
    version: version(),
    seed: plan.options.seed,
    replay: redact(replay),
    engine,
    machine: { node: process.version, cpus: cpus().length, platform: `${process.platform} ${process.arch}` },
    target: publicTarget(plan.target),
    options: withoutSecrets(plan.options),
    startedAt: new Date(startedWall).toISOString(),
    durationMs: 0,
    wall: {
      quietMs: Math.round(plan.quietMs),
      busyMs: Math.round(plan.busyMs),
      limitMs: Math.round(WALL_FACTOR * (PREFLIGHT_MS + Math.max(plan.quietMs, plan.timingMs + plan.busyMs))),
    },
  };
}
