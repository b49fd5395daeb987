import { readdirSync } from 'node:fs';

/** How many descriptors these processes have open together; undefined where none can be read. */
export function openDescriptors(pids: readonly number[]): number | undefined {
  let sum: number | undefined;
  for (const pid of pids) {
    try {
      sum = (sum ?? 0) + readdirSync(`/proc/${pid}/fd`).length;
    } catch {
      // Gone in between.
    }
  }
  return sum;
}
