import { waitFor } from '../clock.js';
import type { ClientSpec, Record_ } from '../contract.js';
import { type ProcessOptions, type StartedProcess, spawnProcess, targetDied } from './process.js';

export interface ClientOptions {
  readonly spec: ClientSpec;
  /** Names the process in the history. */
  readonly name: string;
  /** Where it shall go: the gate's address. */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly record: Record_;
  readonly observer?: ProcessOptions['observer'];
  readonly onReport?: ProcessOptions['onReport'];
  /** Dying with an error within so many milliseconds is a wrong command and no finding; 0: look no further. */
  readonly settleMs?: number;
}

export interface StartedClient extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly process: StartedProcess;
  /** Ends the whole tree. */
  stop(): Promise<void>;
}

export async function startClient(options: ClientOptions): Promise<StartedClient> {
  const { spec, name, url } = options;
  const started = await spawnProcess({
    name,
    command: spec.command,
    placeholders: { url, host: new URL(url).hostname, port: new URL(url).port },
    env: { ...options.env, TARGET_URL: url },
    cwd: options.cwd,
    record: options.record,
    ...(options.observer ? { observer: options.observer } : {}),
    ...(options.onReport ? { onReport: options.onReport } : {}),
  });
  const settleMs = options.settleMs ?? 150;
  const exit = settleMs > 0 ? await waitFor(() => started.exit, settleMs, { stepMs: 10 }) : undefined;
  if (exit && exit.code !== 0) {
    const error = await targetDied(started, 'as soon as it was started');
    await started.stop();
    throw error;
  }
  return { name, url, pid: started.pid, process: started, stop: started.stop, [Symbol.asyncDispose]: started.stop };
}
