import { readdirSync, readFileSync } from 'node:fs';

/**
 * Milliseconds that the threads of these processes have run or have waited for a core (proc(5), schedstat): on a crowded machine
 * too, a loop that goes as fast as it can is busy all the time, and one that keeps a pace is not. Undefined where it can't be read.
 */
export function busyMs(pids: readonly number[]): number | undefined {
  let sum: number | undefined;
  for (const pid of pids) {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1')
          .split(' ')
          .map(Number);
        sum = (sum ?? 0) + (ran + waited) / 1e6;
      }
    } catch {
      // Gone in between.
    }
  }
  return sum;
}
