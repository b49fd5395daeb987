import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, nowMs } from './clock.js';
import type { Workload } from './scenario.js';
import { namespaceCommand } from './target/namespace.js';
import { runMark, startReaper } from './target/reaper.js';
import type { FromWorker, Job, ToWorker } from './worker-protocol.js';

/** How long a worker may take to heal and stop what it started. */
const STOP_MS = 30_000;
/**
 * MiB of V8's space for new objects, of which there are three. With 16, its default, what a flooding target sends fills them in each of seven
 * workers before any of it is let go of: 127 MiB a worker, in place of 40 to 60.
 */
const SMALL_NURSERY = '--max-semi-space-size=2';

export interface WorkerFailure {
  readonly code: string;
  readonly message: string;
  readonly atMs: number;
}

/** Runs one job in a process of its own and waits for its end. Resolves to the failure, if there was one. */
export function runWorker(settings: {
  readonly job: Job;
  readonly inNamespace: 'network' | 'mounts' | undefined;
  readonly signal: AbortSignal;
  readonly onEvents: (events: Extract<FromWorker, { kind: 'events' }>['events']) => void;
  readonly onWorkload: (workload: Workload) => void;
}): Promise<WorkerFailure | undefined> {
  const argv = [process.execPath, SMALL_NURSERY, join(__dirname, 'worker.js')];
  const [program = process.execPath, ...args] = settings.inNamespace
    ? namespaceCommand(argv, settings.inNamespace)
    : argv;
  startReaper();
  const child: ChildProcess = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, ...runMark() },
  });
  return new Promise((resolve) => {
    let outcome: WorkerFailure | undefined;
    let finished = false;
    let stderr = '';
    let killing: Disposable | undefined;
    const send = (message: ToWorker) => {
      if (child.connected) child.send(message, () => {});
    };
    const stop = () => {
      send({ kind: 'stop' });
      killing ??= after(STOP_MS, () => child.kill('SIGKILL'));
    };
    settings.signal.addEventListener('abort', stop, { once: true });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-4000);
    });
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'events') settings.onEvents(message.events);
      else if (message.kind === 'workload') settings.onWorkload(message.workload);
      else {
        finished = true;
        if (message.kind === 'failed') outcome = { code: message.code, message: message.message, atMs: nowMs() };
      }
    });
    const leave = (why: string) => {
      settings.signal.removeEventListener('abort', stop);
      killing?.[Symbol.dispose]();
      if (!finished) outcome ??= { code: 'WORKER_DIED', message: `${why} ${stderr.trim()}`.trim(), atMs: nowMs() };
      resolve(outcome);
    };
    child.on('error', (error) => leave(`the worker process could not be started: ${error.message}`));
    child.on('close', (code, signal) => leave(`the worker process ended (${signal ?? code})`));
    send({ kind: 'job', job: settings.job });
    if (settings.signal.aborted) stop();
  });
}
