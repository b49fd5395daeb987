import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../contract.js';

const MAIN = join(__dirname, 'main.js');
const SERVER = `node ${join(__dirname, '../../targets/websocket-server.js')}`;
const TIMEOUT_MS = 240_000;
const ONLY = ['storm-collapse', 'storm-cascade', 'unanswered-ping'].map((id) => `websocket/${id}`).join();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-limits-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The resilient server, under a limit that the run meets and it does not. */
async function checkUnder(limit: readonly string[]) {
  const [file = '', ...args] = [...limit, process.execPath, MAIN, 'check', '--server', SERVER, '--path', '/feed'];
  const child = spawn(
    file,
    [...args, ...['--only', ONLY, '--scale', '0.2', '--engine', 'embedded', '--reporter', 'json']],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  const directory = /([^\s]*results\/websocket-server\/[^\s]*)/.exec(stderr)?.[1];
  const run = join(folder, 'results/websocket-server/latest/run.json');
  const verdicts = code === 3 ? [] : (JSON.parse(execFileSync('cat', [run], { encoding: 'utf8' })) as Run).verdicts;
  return { code, stderr, directory, told: verdicts.map(({ check, outcome, reason }) => ({ check, outcome, reason })) };
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  '64 descriptors: it cannot run, or nothing is decided, and never is anything failed',
  async () => {
    const { code, stderr, told } = await checkUnder(['prlimit', '--nofile=64:64']);
    expect(stderr).toMatch(/^64 descriptors a process are few, the scenario storm may need 664/m);
    expect([2, 3]).toContain(code);
    expect(told.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  },
  TIMEOUT_MS,
);

onLinux(
  '256 descriptors: said before it, and the storm that meets the limit is inconclusive by its reason',
  async () => {
    const { code, stderr, told } = await checkUnder(['prlimit', '--nofile=256:256']);
    expect(stderr).toMatch(/^256 descriptors a process are few, .* inconclusive$/m);
    expect(code).toBe(2);
    for (const one of told.filter(({ check }) => check.includes('storm'))) {
      expect(one).toMatchObject({ outcome: 'inconclusive', reason: expect.stringMatching(/descriptors .*ulimit -n/) });
    }
    expect(told.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  },
  TIMEOUT_MS,
);

const NETWORK = ['unshare', '--net', 'sh', '-c'];
const NARROW = 'ip link set lo up && echo 40000 40120 > /proc/sys/net/ipv4/ip_local_port_range';

function canNarrow(): boolean {
  try {
    const [file = '', ...args] = [...NETWORK, NARROW];
    execFileSync(file, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

(canNarrow() ? test : test.skip)(
  "121 ports: said before it, and no connection that could not be made is the server's",
  async () => {
    const { code, stderr, told } = await checkUnder([...NETWORK, `${NARROW} && exec "$@"`, 'sh']);
    expect(stderr).toMatch(/^121 ports for connections are few, the scenario storm may need 400/m);
    expect(code).toBe(2);
    for (const one of told.filter(({ check }) => check.includes('storm'))) {
      expect(one).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('no port is left') });
    }
    expect(told.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  },
  TIMEOUT_MS,
);
