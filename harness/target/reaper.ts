import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay } from '../clock.js';
import { environmentHolds, processStartTime, processTable, withDescendants } from './process-table.js';

/**
 * Leaves nothing behind even when this process is killed: a detached helper holds one end of a pipe, and when that pipe
 * closes it kills what carries our mark, and removes our temporary folders and what we made on a Toxiproxy server.
 *
 *   this process --- pipe ---> reaper            every process we start has HOLDFAST_RUN=.../<owner> in its environment,
 *        \--- target --- its children            and so has all that comes from it, daemons too
 */
const variable = 'HOLDFAST_RUN';

/** Names this process; nested, so that what a worker of ours starts carries our mark too. */
const owner = randomBytes(8).toString('hex');
/** What of ours is not a process begins its name with this. */
export const ownPrefix = prefixOf(owner);
let helper: ChildProcess | undefined;

/** For the environment of whatever this process starts; also of a worker, whose targets then carry this mark too. */
export function runMark(): Readonly<Record<string, string>> {
  const outer = process.env[variable];
  return { [variable]: outer ? `${outer}/${owner}` : owner };
}

/** Starts this process's reaper; once, however often it is called. */
export function startReaper(): void {
  if (helper && helper.exitCode === null && helper.signalCode === null) return;
  // No mark in its own environment: an outer reaper must not kill the inner one before it has done its work.
  helper = spawn(process.execPath, [__filename, owner, tmpdir()], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    env: passedOn(),
  });
  // Without a helper the rest still works; only a SIGKILL of ours would leave targets behind.
  helper.on('error', () => undefined);
  helper.stdin?.on('error', () => undefined);
  helper.unref();
  (helper.stdin as Socket | null)?.unref();
}

/** Tells the reaper about a process that need not carry the mark (nginx writes its title over its environment). */
export function tellReaper(pid: number, startTime: number): void {
  helper?.stdin?.write(`${pid} ${startTime}\n`);
}

/** Tells the reaper about a container, which is no process of ours. */
export function tellReaperOfContainer(id: string): void {
  helper?.stdin?.write(`container ${id}\n`);
}

/** What it takes to find the runtime of the containers again. */
function passedOn(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined));
}

async function removeContainers(ids: Iterable<string>): Promise<void> {
  const [{ findRuntime }, { removeContainer }] = await Promise.all([
    import('../containers/runtime.js'),
    import('../containers/ownership.js'),
  ]);
  const runtime = await findRuntime();
  if (!('client' in runtime)) return;
  // One that will not go must not keep the others.
  await Promise.allSettled([...ids].map((id) => removeContainer(runtime, id)));
}

/** Tells the reaper of a Toxiproxy server that outlives us, and on which we make proxies. */
export function tellReaperOfServer(url: string): void {
  helper?.stdin?.write(`${url}\n`);
}

/** The owner's name is 64 bits at random: nobody else's things are called so. */
export function prefixOf(name: string): string {
  return `holdfast-${name}-`;
}

/** Of a process that is a reaper: whose. Its own work must not be cut off by an outer one. */
export function reaperFor(pid: number): string | undefined {
  try {
    return /reaper\.js\0([0-9a-f]{16})\0/.exec(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

/** Kills all that carries the mark or was told of, until twice nothing is found; 5 s at most. */
async function reap(mark: string, told: ReadonlyMap<number, number>): Promise<void> {
  const since = processStartTime(process.pid);
  let quiet = 0;
  for (let round = 0; round < 100 && quiet < 2; round++) {
    const table = processTable();
    const roots = [...told].filter(([pid, start]) => table.get(pid)?.startTime === start).map(([pid]) => pid);
    // A number whose leader is another process by now leads a stranger's session.
    const leads = (id: number) => told.has(id) && (table.get(id)?.startTime ?? told.get(id)) === told.get(id);
    for (const row of table.values()) {
      if (leads(row.session) || leads(row.group)) roots.push(row.pid);
      // What is older than this helper was not started by its owner.
      else if (since !== undefined && row.startTime >= since && environmentHolds(row.pid, mark)) roots.push(row.pid);
    }
    const victims = withDescendants(table, roots);
    for (const pid of victims) {
      if (pid === process.pid || reaperFor(pid) !== undefined) victims.delete(pid);
    }
    for (const pid of victims) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone in between.
      }
    }
    quiet = victims.size === 0 ? quiet + 1 : 0;
    await delay(50);
  }
}

function removeFolders(mark: string, folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefixOf(mark))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** A server that went with its owner has nothing to be removed from. */
async function removeProxies(mark: string, url: string): Promise<void> {
  const { createToxiproxyClient } = await import('../path/toxiproxy.js');
  await createToxiproxyClient(url)
    .removeProxies(prefixOf(mark))
    .catch(() => undefined);
}

interface Told {
  readonly told: ReadonlyMap<number, number>;
  readonly servers: ReadonlySet<string>;
  readonly containers: ReadonlySet<string>;
}

async function cleanUp(mark: string, folder: string, { told, servers, containers }: Told): Promise<void> {
  await reap(mark, told);
  try {
    removeFolders(mark, folder);
  } catch {
    // `holdfast doctor` tells what is left.
  }
  for (const url of servers) await removeProxies(mark, url);
  if (containers.size > 0) await removeContainers(containers).catch(() => undefined);
}

function main(mark: string, folder: string): void {
  const told = new Map<number, number>();
  const containers = new Set<string>();
  const servers = new Set<string>();
  let rest = '';
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    void cleanUp(mark, folder, { told, servers, containers }).finally(() => process.exit(0));
  };
  process.on('SIGHUP', () => undefined);
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [word, id] = line.split(' ');
      if (word === 'container' && id) {
        containers.add(id);
        continue;
      }
      if (word?.includes('://')) {
        servers.add(word);
        continue;
      }
      const [pid, start] = line.split(' ').map(Number);
      if (pid && start !== undefined) told.set(pid, start);
    }
  });
  for (const event of ['end', 'close', 'error']) process.stdin.on(event, finish);
}

if (require.main === module && process.argv[2]) main(process.argv[2], process.argv[3] ?? tmpdir());
