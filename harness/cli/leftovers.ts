import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createToxiproxyClient } from '../path/toxiproxy.js';
import { learnSettings } from '../secret-sources.js';
import { redact } from '../secrets.js';
import { commandLine, processTable } from '../target/process-table.js';
import { prefixOf, reaperFor } from '../target/reaper.js';

/** What a run left behind that was killed together with its reaper. */
export interface Leftovers {
  readonly processes: readonly { readonly pid: number; readonly command: string }[];
  /** Temporary folders. */
  readonly folders: readonly string[];
  /** Proxies on the Toxiproxy of TOXIPROXY_URL, by name. */
  readonly proxies: readonly string[];
}

const OWN_NAME = new RegExp(`^${prefixOf('([0-9a-f]{16})')}`);

/** A run that lives has a living reaper for each owner. Processes are found on Linux only. */
export async function leftovers(toxiproxyUrl: string | undefined): Promise<Leftovers> {
  const pids = process.platform === 'linux' ? [...processTable().keys()] : [];
  const alive = new Set(pids.map(reaperFor));
  const isDead = (name: string) => {
    const owner = OWN_NAME.exec(name)?.[1];
    return owner !== undefined && !alive.has(owner);
  };
  const names = toxiproxyUrl === undefined ? [] : await proxyNames(toxiproxyUrl);
  return {
    processes: pids
      .filter((pid) => pid !== process.pid && pid !== process.ppid && reaperFor(pid) === undefined)
      .filter((pid) => {
        const mark = /(?:^|\0)HOLDFAST_RUN=([0-9a-f/]+)/.exec(environment(pid))?.[1];
        return mark?.split('/').every((owner) => !alive.has(owner)) ?? false;
      })
      .map((pid) => ({ pid, command: toldCommand(pid) })),
    // Elsewhere no reaper can be seen, and a folder may be of a run that lives.
    folders: process.platform === 'linux' ? ownFolders().filter(isDead) : [],
    proxies: names.filter(isDead),
  };
}

export function toldOf({ processes, folders, proxies }: Leftovers): string {
  return [
    ...processes.map(({ pid, command }) => `process ${pid} (${command})`),
    ...folders.map((name) => `folder ${join(tmpdir(), name)}`),
    ...proxies.map((name) => `proxy ${name}`),
  ].join(', ');
}

/** Removes them; what would not go is told. */
export async function removeLeftovers(found: Leftovers, toxiproxyUrl: string | undefined): Promise<string[]> {
  const stubborn: string[] = [];
  const attempt = async (what: string, remove: () => unknown) => {
    try {
      await remove();
    } catch {
      stubborn.push(what);
    }
  };
  for (const { pid } of found.processes) {
    await attempt(`process ${pid}`, () => processTable().has(pid) && process.kill(pid, 'SIGKILL'));
  }
  for (const name of found.folders) {
    await attempt(`folder ${name}`, () => rmSync(join(tmpdir(), name), { recursive: true, force: true }));
  }
  if (toxiproxyUrl !== undefined) {
    for (const name of found.proxies) {
      await attempt(`proxy ${name}`, () => createToxiproxyClient(toxiproxyUrl).removeProxies(name));
    }
  }
  return stubborn;
}

function ownFolders(): string[] {
  try {
    return readdirSync(tmpdir()).filter((name) => OWN_NAME.test(name) && isOurs(join(tmpdir(), name)));
  } catch {
    return [];
  }
}

function isOurs(path: string): boolean {
  const owner = statSync(path, { throwIfNoEntry: false })?.uid;
  return owner !== undefined && owner === process.getuid?.();
}

async function proxyNames(url: string): Promise<readonly string[]> {
  try {
    return await createToxiproxyClient(url, { timeoutMs: 2000 }).proxyNames();
  } catch {
    // Its own line of `holdfast doctor` says that it does not answer.
    return [];
  }
}

/** It may hold logins that were given to a run which is over. */
function toldCommand(pid: number): string {
  const command = commandLine(pid);
  learnSettings({ server: command });
  return redact(command);
}

function environment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
