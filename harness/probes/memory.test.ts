import { until } from '../clock.js';
import type { EventBody } from '../contract.js';
import { spawnProcess } from '../target/process.js';
import { treeRssBytes, watchMemory } from './memory.js';

describe('memory', () => {
  it('of this process agrees with what Node says', () => {
    const bytes = treeRssBytes([process.pid]) ?? 0;
    expect(Math.abs(bytes - process.memoryUsage().rss)).toBeLessThan(20e6);
  });

  it('of nothing is not known', () => {
    expect(treeRssBytes([])).toBeUndefined();
    expect(treeRssBytes([2 ** 22 + 1])).toBeUndefined();
  });

  it('of a whole tree is watched as it grows', async () => {
    const events: EventBody[] = [];
    const record = (event: EventBody) => void events.push(event);
    const command = `sh -c 'python3 -c "import time; time.sleep(0.5); x = bytearray(80_000_000); time.sleep(60)"; true'`;
    await using subject = await spawnProcess({ name: 'grower', command, env: {}, cwd: '/', record });
    using watch = watchMemory({ name: 'grower', pids: subject.tree, record, everyMs: 50 });
    await until('80 MB are held', () => (watch.lastBytes ?? 0) > 80e6, 10_000);
    const sizes = events.flatMap((event) => (event.type === 'memory' ? [event.rssBytes] : []));
    expect(sizes[0]).toBeLessThan(60e6);
    expect(sizes.length).toBeGreaterThan(3);
  });
});
