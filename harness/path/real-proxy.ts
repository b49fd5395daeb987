import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../clock.js';
import type { Record_ } from '../contract.js';
import { HarnessError } from '../errors.js';
import { findProgram, isRequired } from '../programs.js';
import { makeOwnFolder } from '../target/own-folder.js';
import { pickPort } from '../target/ports.js';
import { spawnProcess } from '../target/process.js';
import { whereAccepts } from '../target/readiness.js';
import { CONFIGS } from './proxy-configs.js';
import type { ProxySettings } from './proxy-profiles.js';

export const PROXIES = ['nginx', 'haproxy'] as const;
export type ProxyKind = (typeof PROXIES)[number];

/** A way through a proxy, with settings of its own. */
export interface Route {
  readonly to: { readonly host: string; readonly port: number };
  readonly settings: ProxySettings;
}

/** A real proxy with a private config in a folder of its own; disposing it stops it and removes the folder. */
export interface StartedProxy extends AsyncDisposable {
  /** Where each route begins, on 127.0.0.1, in their order. */
  readonly ports: readonly number[];
}

const START_MS = 10_000;

/** The program, or undefined where this machine has none. Where HOLDFAST_REQUIRE asks for it that is an error. */
export function findProxy(kind: ProxyKind): string | undefined {
  const path = findProgram(kind);
  if (path === undefined && isRequired(kind))
    throw new HarnessError('NO_PROXY', `HOLDFAST_REQUIRE asks for ${kind}, and there is none on the PATH`);
  return path;
}

export async function startProxy(options: {
  readonly kind: ProxyKind;
  readonly program: string;
  readonly name: string;
  readonly routes: readonly Route[];
  readonly record: Record_;
}): Promise<StartedProxy> {
  const { kind, program, name, routes, record } = options;
  const folder = makeOwnFolder(kind);
  const ports: number[] = [];
  for (const _ of routes) ports.push(await pickPort());
  const file = join(folder, `${kind}.conf`);
  writeFileSync(file, CONFIGS[kind](folder, ports, routes));
  const command = kind === 'nginx' ? `"${program}" -p "${folder}" -c "${file}"` : `"${program}" -db -f "${file}"`;
  const child = await spawnProcess({ name, command, env: {}, cwd: folder, record });
  const stop = async () => {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const accepts = async () => (await whereAccepts(ports.at(-1) ?? 0)) !== undefined;
  await waitFor(async () => child.exit !== undefined || (await accepts()), START_MS);
  if (child.exit || !(await accepts())) {
    const said = child.stderrTail.at(-1) ?? 'it said nothing';
    await stop();
    throw new HarnessError('PROXY_START', `${program} did not start with a config of ours: ${said}`);
  }
  return { ports, [Symbol.asyncDispose]: stop };
}
