import { readdirSync, readFileSync } from 'node:fs';

/**
 * Milliseconds that the threads of these processes have run or have waited for a core (proc(5), schedstat): on a crowded machine
 * too, a loop that goes as fast as it can is busy all the time, and one that keeps a pace is not. Undefined where it can't be read.
 */
export function busyMs(pids: readonly number[]): number | undefined {
  return summed(pids, (ran, waited) => ran + waited);
}

/** Milliseconds that they have run: the work that was done, whoever else wanted the cores. */
export function ranMs(pids: readonly number[]): number | undefined {
  return summed(pids, (ran) => ran);
}

function summed(pids: readonly number[], of: (ran: number, waited: number) => number): number | undefined {
  let sum: number | undefined;
  for (const pid of pids) {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1')
          .split(' ')
          .map(Number);
        sum = (sum ?? 0) + of(ran, waited) / 1e6;
      }
    } catch {
      // Gone in between.
    }
  }
  return sum;
}
