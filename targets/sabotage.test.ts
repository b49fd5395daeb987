import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../harness/contract.js';

const DIST = join(__dirname, '..');
const SERVER = ['--server', `${process.execPath} ${join(DIST, 'targets/websocket-server.js')}`];
const CLIENT = ['--client', `${process.execPath} ${join(DIST, 'targets/websocket-client.js')}`];
const TIMEOUT_MS = 200_000;

/** One act that is secretly left out: in this file of what is shipped these words in place of those. */
interface Sabotage {
  readonly file: string;
  readonly act: string;
  readonly instead: string;
  readonly target: readonly string[];
  readonly checks: readonly string[];
}

const FORGOTTEN: Readonly<Record<string, Sabotage>> = {
  'a toxic has a misspelt attribute': {
    file: 'faults/latency-spike.js',
    act: 'attributes: { latency: spikeMs, jitter: 0 }',
    instead: 'attributes: { latencyMs: spikeMs, jitter: 0 }',
    target: SERVER,
    checks: ['drops-on-spike'],
  },
  'a toxic is there, and does nothing': {
    file: 'faults/latency-spike.js',
    act: 'attributes: { latency: spikeMs, jitter: 0 }',
    instead: 'attributes: { latency: 0, jitter: 0 }',
    target: SERVER,
    checks: ['drops-on-spike'],
  },
  'a gate forgets to cut': {
    file: 'harness/path/crossing.js',
    act: 'sever() {',
    instead: 'sever() { return;',
    target: [...SERVER, ...CLIENT],
    checks: ['no-resume', 'hung-handshake', 'message-loss', 'hot-retry', 'retries-forbidden'],
  },
  'a gate forgets to hold back': {
    file: 'harness/path/crossing.js',
    act: 'freeze() {',
    instead: 'freeze() { return;',
    target: [...SERVER, ...CLIENT],
    checks: ['silent-disconnect', 'leaked-session'],
  },
  'a gate reads on as fast as it can': {
    file: 'harness/path/crossing.js',
    act: 'throttleDown(bytesPerSecond) {',
    instead: 'throttleDown(bytesPerSecond) { return;',
    target: [...SERVER, '--pressure-env', 'PRESSURE=1'],
    checks: ['unbounded-buffer', 'slow-neighbour'],
  },
  'the stop signal is never sent': {
    file: 'harness/target/server.js',
    act: 'return alive() && started.signal(spec.stopSignal, pid);',
    instead: 'return false;',
    target: SERVER,
    checks: ['abrupt-shutdown', 'accepts-while-draining', 'hung-shutdown', 'herd-on-shutdown', 'lost-on-shutdown'],
  },
};

/** Runs a copy of the compiled tree in which the act is left out: nothing of what is shipped knows of it. */
async function sabotaged({ file, act, instead, target, checks }: Sabotage) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sabotage-'));
  try {
    cpSync(DIST, join(folder, 'dist'), { recursive: true });
    cpSync(join(DIST, '../package.json'), join(folder, 'package.json'));
    symlinkSync(join(DIST, '../node_modules'), join(folder, 'node_modules'));
    const path = join(folder, 'dist', file);
    const whole = readFileSync(path, 'utf8');
    if (!whole.includes(act)) throw new Error(`${file} has no "${act}"`);
    writeFileSync(path, whole.replace(act, instead));
    const args = ['check', ...target, '--protocol', 'websocket', '--path', '/feed', '--resume', '?last={id}', '--json'];
    const more = ['--scale', '0.2', '--engine', 'embedded', '--results', join(folder, 'results')];
    const only = ['--only', checks.map((id) => `websocket/${id}`).join()];
    const child = spawn(process.execPath, [join(folder, 'dist/harness/cli/main.js'), ...args, ...more, ...only]);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.resume();
    await once(child, 'close');
    return (JSON.parse(stdout) as Run).verdicts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('where the effect of a fault is secretly left out', () => {
  test.concurrent.each(Object.entries(FORGOTTEN))(
    '%s: no check passes or fails, and each says why',
    async (_, sabotage) => {
      const verdicts = await sabotaged(sabotage);
      expect(verdicts).toHaveLength(sabotage.checks.length);
      const told = verdicts.map(({ check, outcome, reason, actual }) => ({ check, outcome, reason, actual }));
      expect(told.filter(({ outcome }) => outcome !== 'inconclusive')).toEqual([]);
      expect(told.filter(({ reason }) => !reason)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
