import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { soak } from './soak.js';

/** The soak and the benchmark themselves run for minutes, by `npm run`: here only that they work. */
const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux(
  'a soak of a few seconds accounts for every byte and leaves nothing',
  async () => {
    const { counts, failures } = await soak({ minutes: 0.1, connections: 20, seed: 7 }, () => undefined);
    expect(failures).toEqual([]);
    expect(counts['sessions complete']).toBeGreaterThan(0);
    expect(counts['bytes lost without a reason']).toBe(0);
  },
  120_000,
);

it('the benchmark prints a line for each thing it measures', () => {
  const text = execFileSync(process.execPath, [join(__dirname, 'bench.js'), '--quick'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for (const what of ['added latency idle p50', 'throughput 64', 'connections a second', 'memory a connection']) {
    expect(text).toMatch(new RegExp(`^${what}.* \\d`, 'm'));
  }
}, 60_000);
