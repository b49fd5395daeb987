import type { RunningContainer } from './container.js';

interface Stats {
  readonly memory_stats?: {
    readonly usage?: number;
    readonly stats?: { readonly inactive_file?: number; readonly total_inactive_file?: number };
  };
}

/** What the runtime tells of a container's memory, about once a second: for those whose processes are in another machine. */
export function watchUsage(
  handle: RunningContainer['handle'],
): Disposable & { readonly memoryBytes: number | undefined } {
  let memoryBytes: number | undefined;
  let over = false;
  let close = () => {};
  const follow = async () => {
    const stream = await handle.stats({ stream: true });
    close = () => (stream as NodeJS.ReadableStream & { destroy?: () => void }).destroy?.();
    if (over) return close();
    let rest = '';
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      const { memory_stats: memory } = JSON.parse(lines.at(-1) ?? '{}') as Stats;
      if (memory?.usage === undefined) return;
      // Files that it has read stand in its account as well (docker stats leaves them out too).
      memoryBytes = memory.usage - (memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0);
    });
  };
  follow().catch(() => undefined);
  return {
    get memoryBytes() {
      return memoryBytes;
    },
    [Symbol.dispose]() {
      over = true;
      close();
    },
  };
}
