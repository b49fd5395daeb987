import { type CheckTarget, startCheck } from './child.js';
import type { TargetSettings } from './config-schema.js';
import type { Run } from './contract.js';

export type { CheckTarget } from './child.js';
export { defineConfig } from './config.js';
export type { HoldfastConfig, TargetSettings } from './config-schema.js';
export type { Level, Outcome, Role, Run, Summary, Verdict } from './contract.js';
export { HarnessError } from './errors.js';

/** One run, as a process of its own. Rejects with a HarnessError where there can be no verdicts. */
export async function check(
  target: CheckTarget,
  options: TargetSettings & { readonly config?: string; readonly signal?: AbortSignal } = {},
): Promise<Run> {
  const { signal, ...words } = options;
  signal?.throwIfAborted();
  const started = startCheck(target, words);
  const stop = () => void started.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await started.finished;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
