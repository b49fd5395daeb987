import { mkdirSync } from 'node:fs';
import { nowMs, wallMs } from './clock.js';
import { combine, partsOf } from './combine.js';
import type { Run } from './contract.js';
import type { Plan } from './plan.js';
import { type FinishedRun, performRun, type RunSettings } from './run.js';
import { linkLatest, makeRunDirectory, saveRun } from './run-folder.js';

export interface Repeated extends Omit<RunSettings, 'replay' | 'directory' | 'onProgress'> {
  readonly times: number;
  readonly seed: number;
  readonly planOf: (seed: number) => Plan;
  readonly replayOf: (seed: number) => string;
  /** Of the whole. */
  readonly replay: string;
  readonly onRun: (
    n: number,
    plan: Plan,
    work: (onProgress: RunSettings['onProgress']) => Promise<FinishedRun>,
  ) => Promise<FinishedRun>;
}

/**
 * N runs one after another, each with the next seed, since no verdict may hang on one. Saved side by side, `1`, `2` and so on,
 * in one folder whose run.json says what they come to.
 */
export async function performRuns(settings: Repeated): Promise<FinishedRun> {
  const { times, seed: firstSeed, planOf, replayOf, replay, onRun, ...usual } = settings;
  const startedWall = wallMs();
  const beganMs = nowMs();
  const directory = makeRunDirectory(settings.resultsDir, planOf(firstSeed).target.name, startedWall);
  const runs: Run[] = [];
  for (const [i, part] of partsOf(directory, times).entries()) {
    const seed = (firstSeed + i) % Number.MAX_SAFE_INTEGER;
    const plan = planOf(seed);
    mkdirSync(part);
    const { run } = await onRun(i + 1, plan, (onProgress) =>
      performRun(plan, { ...usual, directory: part, replay: replayOf(seed), onProgress }),
    );
    runs.push(run);
  }
  const [first] = runs;
  if (!first) throw new RangeError('no run was asked for');
  const run = combine(runs, {
    ...first,
    options: { ...first.options, repeat: times },
    replay,
    startedAt: new Date(startedWall).toISOString(),
    durationMs: Math.round(nowMs() - beganMs),
    wall: { ...first.wall, limitMs: times * first.wall.limitMs },
  });
  saveRun(directory, run);
  linkLatest(directory);
  // Their histories stay with them.
  return { run, directory, events: new Map() };
}
