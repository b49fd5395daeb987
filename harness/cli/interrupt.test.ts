import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../clock.js';
import { environmentHolds, processTable } from '../target/process-table.js';

const MAIN = join(__dirname, 'main.js');
const SERVER = `node ${join(__dirname, '../../targets/websocket-server.js')}`;
const NAME = 'HOLDFAST_TEST';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-interrupt-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A check of 75 s, once it is under way. */
async function started(mark: string, withChannel: boolean): Promise<{ child: ChildProcess; said: () => string }> {
  const child = spawn(
    process.execPath,
    [MAIN, 'check', '--server', SERVER, '--only', 'no-heartbeat', '--path', '/feed', '--quiet-env', 'QUIET=1'],
    {
      cwd: folder,
      env: { ...process.env, [NAME]: mark },
      stdio: withChannel ? ['ignore', 'ignore', 'pipe', 'ipc'] : ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await waitFor(() => /started idle/.test(said) || child.exitCode !== null, 40_000);
  expect(said).toMatch(/started idle/);
  return { child, said: () => said };
}

async function ended(child: ChildProcess, mark: string): Promise<{ code: number | null; running: number[] }> {
  await waitFor(() => child.exitCode !== null || child.signalCode !== null, 30_000);
  const running = () => [...processTable().keys()].filter((pid) => environmentHolds(pid, `${NAME}=${mark}`));
  await waitFor(() => running().length === 0, 10_000);
  return { code: child.exitCode, running: running() };
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s heals, stops and saves, then exits with 130',
  async (signal) => {
    const mark = randomUUID();
    const { child, said } = await started(mark, false);
    child.kill(signal);
    expect(await ended(child, mark)).toEqual({ code: 130, running: [] });
    const directory = /what was seen is in (\S+)/.exec(said())?.[1] ?? '';
    expect(readdirSync(directory)).toEqual(expect.arrayContaining(['run.json', 'history.jsonl']));
  },
  90_000,
);

it('a second signal ends it at once, and still nothing stays', async () => {
  const mark = randomUUID();
  const { child } = await started(mark, false);
  child.kill('SIGINT');
  child.kill('SIGTERM');
  expect(await ended(child, mark)).toEqual({ code: 130, running: [] });
}, 90_000);

it('ends by itself when the jest that started it is gone', async () => {
  const mark = randomUUID();
  const { child } = await started(mark, true);
  child.disconnect();
  expect(await ended(child, mark)).toEqual({ code: 130, running: [] });
}, 90_000);
