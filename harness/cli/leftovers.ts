import { readFileSync } from 'node:fs';
import { commandLine, processTable } from '../target/process-table.js';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/**
 * Processes that carry the mark of a run (`HOLDFAST_RUN`, a path of owners) none of whose owners has a living reaper:
 * a run that lives has one, with its owner as argument. Linux only.
 */
export function leftovers(): Leftover[] {
  if (process.platform !== 'linux') return [];
  const pids = [...processTable().keys()];
  const alive = new Set(
    pids
      .map((pid) => /reaper\.js\0([0-9a-f]{16})\0/.exec(read(pid, 'cmdline'))?.[1])
      .filter((owner) => owner !== undefined),
  );
  return pids
    .filter((pid) => pid !== process.pid && pid !== process.ppid)
    .filter((pid) => {
      const mark = /(?:^|\0)HOLDFAST_RUN=([0-9a-f/]+)/.exec(read(pid, 'environ'))?.[1];
      return mark?.split('/').every((owner) => !alive.has(owner)) ?? false;
    })
    .map((pid) => ({ pid, command: commandLine(pid) }));
}

/** Ends them; the pids that would not be ended. */
export function endLeftovers(found: readonly Leftover[]): number[] {
  return found
    .map(({ pid }) => pid)
    .filter((pid) => {
      try {
        return !process.kill(pid, 'SIGKILL');
      } catch {
        return processTable().has(pid);
      }
    });
}

function read(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
