import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { every } from '../clock.js';
import type { Record_ } from '../contract.js';

/**
 * Resident bytes of these processes together; undefined where none can be read.
 *
 * RSS and not PSS: what is judged is growth, and PSS moves with the neighbours. Eight copies of one Node program share
 * its 40 MB of code, so when the control copy ends, the PSS of the others grows by megabytes that nobody allocated.
 * Reading smaps_rollup also walks all page tables under the target's own memory lock (tens of milliseconds a gigabyte),
 * which would disturb what is measured. The price: pages shared after a fork count once for each worker, a constant.
 */
export function treeRssBytes(pids: readonly number[]): number | undefined {
  if (process.platform !== 'linux') return psRssBytes(pids);
  let sum: number | undefined;
  for (const pid of pids) {
    try {
      const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
      sum = (sum ?? 0) + pages * pageBytes();
    } catch {
      // Gone in between.
    }
  }
  return sum;
}

/** Records the memory of a process tree every `everyMs` until disposed. */
export function watchMemory(options: {
  /** Names the process in the history. */
  readonly name: string;
  readonly pids: () => number[];
  readonly record: Record_;
  readonly everyMs: number;
}): Disposable & { readonly lastBytes: number | undefined } {
  let lastBytes: number | undefined;
  const look = () => {
    const rssBytes = treeRssBytes(options.pids());
    if (rssBytes === undefined) return;
    lastBytes = rssBytes;
    options.record({ type: 'memory', process: options.name, rssBytes });
  };
  look();
  const timer = every(options.everyMs, look);
  return {
    get lastBytes() {
      return lastBytes;
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

let page: number | undefined;

/** 4 KiB on x86, up to 64 KiB on ARM. */
function pageBytes(): number {
  page ??= 1024 * Number(/KernelPageSize:\s+(\d+)/.exec(readFileSync('/proc/self/smaps', 'latin1'))?.[1] ?? 4);
  return page;
}

function psRssBytes(pids: readonly number[]): number | undefined {
  if (pids.length === 0 || process.platform === 'win32') return undefined;
  try {
    const text = execFileSync('ps', ['-o', 'rss=', '-p', pids.join(',')], { encoding: 'utf8' });
    return text
      .trim()
      .split(/\s+/)
      .reduce((sum, kilobytes) => sum + Number(kilobytes) * 1024, 0);
  } catch {
    return undefined;
  }
}
