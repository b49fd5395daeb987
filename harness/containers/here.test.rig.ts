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

/** No test pulls an image. With HOLDFAST_REQUIRE=docker there must be each. */
export function withImage(image: string, title: string, test: () => Promise<void>, timeoutMs = 60_000): void {
  if (reason !== undefined || isRequired('docker') || hasImageNow(image)) withContainers(title, test, timeoutMs);
  else it.skip(`${title} (no image ${image})`, () => undefined);
}

function hasImageNow(image: string): boolean {
  const script = `require(${JSON.stringify(join(__dirname, 'runtime.js'))}).imageIsHere(${JSON.stringify(image)})
    .then((is) => process.exit(is ? 0 : 1))`;
  return spawnSync(process.execPath, ['-e', script]).status === 0;
}
