import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { flagsOfSettings } from './cli/words.js';
import { after } from './clock.js';
import type { TargetSettings } from './config-schema.js';
import type { Run } from './contract.js';
import { HarnessError } from './errors.js';

/** A target of the config by its name, the URL of a running server, or the words of a config. */
export type CheckTarget = string | TargetSettings;

export interface StartedCheck {
  /** Rejects with a HarnessError that says why there could be no run. */
  readonly finished: Promise<Run>;
  /** Interrupts the run where it has not finished: it heals, stops and saves first. */
  stop(): Promise<void>;
}

const MAIN = join(__dirname, 'cli/main.js');
/** Healing and saving take a few seconds; after that the reaper of the run's processes has the last word. */
const STOP_MS = 20_000;
const EXIT_INTERRUPTED = 130;
const EXIT_COULD_NOT_RUN = 3;

export interface NamedTarget {
  readonly name: string;
  readonly protocol: string;
  readonly roles: readonly string[];
}

/**
 * What the config says of a target, as `list targets` tells it: jest needs its tests' names synchronously, and a config may be a module.
 * Undefined where there is none of that name or the config cannot be read: the run says why.
 */
export function namedTarget(name: string, config: string | undefined): NamedTarget | undefined {
  const args = [MAIN, 'list', 'targets', '--json', ...(config === undefined ? [] : [`--config=${config}`])];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const rows = JSON.parse(stdout) as readonly Partial<NamedTarget>[];
  return rows.find((row): row is NamedTarget => row.name === name && row.protocol !== undefined);
}

/** A run as a process of its own, so that the caller's event loop cannot disturb its clocks. */
export function startCheck(target: CheckTarget, options: TargetSettings & { readonly config?: string }): StartedCheck {
  const settings: TargetSettings = typeof target === 'string' ? {} : target;
  const { config, ...words } = options;
  const named = typeof target === 'string' ? target : target.url;
  const { JEST_WORKER_ID: _, ...environment } = process.env;
  const args = [
    MAIN,
    'check',
    ...(named === undefined ? [] : [named]),
    ...flagsOfSettings({ ...settings, ...words }),
    ...(config === undefined ? [] : [`--config=${config}`]),
    '--json',
  ];
  const child = spawn(process.execPath, args, {
    cwd: settings.cwd ?? process.cwd(),
    env: { ...environment, ...envOf(settings.env) },
    // By the channel it notices when we are gone, and ends in order.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const out: Buffer[] = [];
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const finished = closed.then((code) => runOf(code, Buffer.concat(out).toString(), Buffer.concat(said).toString()));
  // Whoever waits for it is told; that nobody does yet is no crash.
  finished.catch(() => undefined);
  return {
    finished,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGINT');
      using _kill = after(STOP_MS, () => child.kill('SIGKILL'));
      await closed.catch(() => undefined);
    },
  };
}

function runOf(code: number | null, out: string, said: string): Run {
  const sentence = said.trim().replace(/^holdfast: /, '');
  if (code === EXIT_INTERRUPTED) throw new HarnessError('INTERRUPTED', sentence || 'interrupted');
  if (code === null || code === EXIT_COULD_NOT_RUN) {
    throw new HarnessError('COULD_NOT_RUN', sentence || 'holdfast check ended without a word');
  }
  try {
    return JSON.parse(out) as Run;
  } catch (cause) {
    throw new HarnessError('COULD_NOT_RUN', `holdfast check gave no run (exit ${code}): ${sentence}`, { cause });
  }
}

function envOf(env: TargetSettings['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, String(value)]));
}
