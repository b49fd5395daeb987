import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeOwnFolder } from '../target/own-folder.js';
import { pickPort } from '../target/ports.js';
import { spawnProcess } from '../target/process.js';
import type { FoundProxy } from './find-proxy.js';
import { COMMANDS, CONFIGS } from './proxy-configs.js';
import { untilItListens } from './proxy-ready.js';
import type { ProxyOptions, StartedProxy } from './real-proxy.js';

/** With its config in a folder of its own. */
export async function startProxyProgram(
  options: ProxyOptions & Extract<FoundProxy, { readonly program: string }>,
): Promise<StartedProxy> {
  const { kind, program, name, routes, record } = options;
  const folder = makeOwnFolder(kind);
  const host = '127.0.0.1';
  const ports: number[] = [];
  for (const _ of routes) ports.push(await pickPort());
  const file = join(folder, `${kind}.conf`);
  writeFileSync(file, CONFIGS[kind](folder, { host, ports }, routes));
  const command = [program, ...COMMANDS[kind](folder, file)].map((word) => `"${word}"`).join(' ');
  const child = await spawnProcess({ name, command, env: {}, cwd: folder, record });
  const stop = async () => {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilItListens(child, ports);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, ports, [Symbol.asyncDispose]: stop };
}
