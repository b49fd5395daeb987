import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isRequired } from '../programs.js';
import { mayHaveRuntime } from './runtime.js';

/** Why containers cannot be tried here; undefined where they can, or must be (HOLDFAST_REQUIRE=docker). Jest asks synchronously. */
export function noContainers(): string | undefined {
  if (isRequired('docker')) return undefined;
  if (!mayHaveRuntime()) return 'no DOCKER_HOST and no socket of Docker';
  const main = join(__dirname, '../cli/main.js');
  const { stdout } = spawnSync(process.execPath, [main, 'doctor', '--json'], { encoding: 'utf8' });
  const findings = JSON.parse(stdout) as readonly {
    readonly name: string;
    readonly state: string;
    readonly text: string;
  }[];
  const docker = findings.find(({ name }) => name === 'docker');
  return docker?.state === 'ok' ? undefined : docker?.text;
}

const reason = noContainers();
export const withContainers = (title: string, test: () => Promise<void>, timeoutMs = 60_000) =>
  reason === undefined ? it(title, test, timeoutMs) : it.skip(`${title} (${reason})`, () => undefined);
