import { PassThrough } from 'node:stream';
import { delay, nowMs, waitFor } from '../clock.js';
import { HarnessError } from '../errors.js';
import { treeRssBytes } from '../probes/memory.js';
import type { Address } from '../scenario.js';
import { insideNamespace } from '../target/namespace.js';
import { readLines } from '../target/output.js';
import { type ProcessExit, type StartedProcess, targetDied } from '../target/process.js';
import { processStartTime, processTable, withDescendants } from '../target/process-table.js';
import { statusOf, staysOpen } from '../target/readiness.js';
import type { ServerOptions, StartedServer } from '../target/server.js';
import { actsOn } from './acts.js';
import { type ContainerSettings, type RunningContainer, startContainer } from './container.js';
import { removeContainer } from './ownership.js';
import { type ContainerRuntime, needRuntime } from './runtime.js';
import { watchUsage } from './usage.js';

const READY_MS = 60_000;
const LAST_WORDS_MS = 2000;

/**
 * The target's server as a container. Gates reach it at its own address where this machine has one in its network (Docker on
 * Linux), which is as true as a process beside us; else through a published port, and its ends and refusals are the runtime's.
 */
export async function startContainerServer(options: ServerOptions): Promise<StartedServer> {
  const { spec, name, record, env, extraEnv } = options;
  const { container: own } = spec;
  if (own === undefined) throw new HarnessError('NO_IMAGE', `${name} has no image to start it from`);
  if (insideNamespace())
    throw new HarnessError('CONTAINER', 'no container is reached from a network namespace of ours');
  const runtime = await needRuntime();
  const settings = {
    image: own.image,
    ...(own.command === undefined ? {} : { command: own.command }),
    env: { ...env, ...own.env, ...extraEnv, PORT: String(own.port), HOST: '0.0.0.0' },
    ...(options.openFiles === undefined ? {} : { openFiles: options.openFiles }),
  };
  const spawnedAtMs = nowMs();
  const running = await startReachable(runtime, settings, own.port);
  try {
    const direct = running.published.size === 0;
    const at = placeOf(runtime, running, own.port);
    const { process, usage } = await follow(runtime, running, options, spawnedAtMs);
    await untilReady(process, options, at);
    const startMs = Math.round(nowMs() - spawnedAtMs);
    const server = serverOf({ runtime, running, process, usage, options, at, startMs });
    record({
      type: 'process',
      process: name,
      what: 'ready',
      pid: running.pid,
      facts: { ...at, ownChild: true, startMs, image: own.image, ports: direct ? 'direct' : 'published' },
    });
    return server;
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

/** Known once one was started: with Docker in another machine no container is beside us. */
let mustPublish = false;

async function startReachable(
  runtime: ContainerRuntime,
  settings: ContainerSettings,
  port: number,
): Promise<RunningContainer> {
  if (!mustPublish) {
    const running = await startContainer(runtime, settings);
    if (running.beside !== undefined) return running;
    await running[Symbol.asyncDispose]();
    mustPublish = true;
  }
  return startContainer(runtime, { ...settings, publish: [port] });
}

function placeOf(
  { host }: ContainerRuntime,
  { address, published }: Pick<RunningContainer, 'address' | 'published'>,
  port: number,
): Address {
  return published.size === 0 && address !== undefined
    ? { host: address, port }
    : { host, port: published.get(port) ?? port };
}

/** For tests: as if Docker were in another machine. */
export function publishAlways(): void {
  mustPublish = true;
}

type Usage = ReturnType<typeof watchUsage>;

interface Followed {
  readonly process: StartedProcess;
  readonly usage: Usage | undefined;
}

/** What a process of ours tells by itself: its words, its end, what came of it. */
async function follow(
  runtime: ContainerRuntime,
  running: RunningContainer,
  { spec, name, record }: ServerOptions,
  spawnedAtMs: number,
): Promise<Followed> {
  const { handle, pid } = running;
  const logs = await handle.logs({ follow: true, stdout: true, stderr: true });
  const [out, err] = [new PassThrough(), new PassThrough()];
  runtime.client.container.dockerode.modem.demuxStream(logs, out, err);
  const [stdout, stderr] = [readLines(out, undefined, () => undefined), readLines(err, undefined, () => undefined)];
  let exit: ProcessExit | undefined;
  const exited = handle
    .wait()
    .then(({ StatusCode }: { StatusCode: number }) => StatusCode as number | null)
    // Removed before it had ended.
    .catch(() => null)
    .then((code): ProcessExit => {
      exit = { code, signal: null, atMs: nowMs() };
      usage?.[Symbol.dispose]();
      record({ type: 'process', process: name, what: 'exit', pid, code, signal: null }, exit.atMs);
      return exit;
    });
  // Of a runtime in another machine (Docker Desktop) the number is none of ours.
  const startTime = running.beside === undefined ? undefined : processStartTime(pid);
  const lives = () => startTime !== undefined && processStartTime(pid) === startTime;
  const tree = () => (lives() ? [...withDescendants(processTable(), [pid])] : []);
  const usage = startTime === undefined ? watchUsage(handle) : undefined;
  const stop = async () => {
    await removeContainer(runtime, handle.id);
    usage?.[Symbol.dispose]();
    await exited;
  };
  record({ type: 'process', process: name, what: 'spawn', pid }, spawnedAtMs);
  const process: StartedProcess = {
    name,
    command: spec.command ?? '',
    pid,
    spawnedAtMs,
    direct: true,
    exited,
    get exit() {
      // The runtime tells it only when it has cleared away behind it.
      if (exit === undefined && startTime !== undefined && !lives()) return { code: null, signal: null, atMs: nowMs() };
      return exit;
    },
    get stdoutTail() {
      return stdout.tail;
    },
    get stderrTail() {
      return stderr.tail;
    },
    tree,
    seen: tree,
    adopt: () => undefined,
    signal(signal) {
      if (exit !== undefined) return false;
      handle.kill({ signal }).catch(() => undefined);
      record({ type: 'process', process: name, what: 'signal', pid, signal });
      return true;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return { process, usage };
}

/** `ready` of the config; else when somebody takes a connection and keeps it: a published port takes each, and ends it. */
async function untilReady(
  process: StartedProcess,
  { spec, name, deadlineMs = READY_MS, signal }: ServerOptions,
  { host, port }: Address,
): Promise<void> {
  const pattern = spec.readyLog === undefined ? undefined : new RegExp(spec.readyLog);
  let answer: string | undefined;
  const ready = await waitFor(
    async () => {
      if (process.exit) return 'gone';
      const lines = [...process.stdoutTail, ...process.stderrTail];
      if (pattern && !lines.some((line) => pattern.test(line))) return false;
      if (!(await staysOpen(host, port))) return false;
      answer = spec.readyUrl === undefined ? undefined : await statusOf(spec.readyUrl, host, port);
      return answer === undefined;
    },
    deadlineMs,
    { stepMs: 50, ...(signal ? { signal } : {}) },
  );
  // Its exit code comes when the runtime has cleared away behind it.
  if (ready === 'gone') await Promise.race([process.exited, delay(LAST_WORDS_MS)]);
  if (ready === 'gone') throw await targetDied(process, `before it took connections on port ${spec.container?.port}`);
  if (ready) return;
  const last = [...process.stdoutTail, ...process.stderrTail].filter((line) => line.trim() !== '').at(-1);
  const said = last === undefined ? 'it printed nothing' : `its last line: ${last.trim().slice(0, 300)}`;
  throw new HarnessError(
    'NOT_READY',
    `${name} (${spec.command}) did not become ready: ${answer ?? `nothing took connections on its port ${spec.container?.port}`} (is it bound to 0.0.0.0?), ${said}`,
  );
}

interface Parts {
  readonly runtime: ContainerRuntime;
  readonly running: RunningContainer;
  readonly process: StartedProcess;
  readonly usage: Usage | undefined;
  readonly options: ServerOptions;
  readonly at: Address;
  readonly startMs: number;
}

function serverOf({ runtime, running, process, usage, options, at, startMs }: Parts): StartedServer {
  const { name, record, spec } = options;
  const { pid } = running;
  let stopping = false;
  let portGone = false;
  let place = at;
  const acts = actsOn(runtime, running);
  const alive = () => process.exit === undefined;
  const stop = async () => {
    stopping = true;
    await process.stop();
  };
  return {
    name,
    get host() {
      return place.host;
    },
    get port() {
      return place.port;
    },
    // Whatever listens on a published port is not the server.
    onLoopback: false,
    pid,
    ownChild: true,
    process,
    published: running.published.size > 0,
    container: {
      ...acts,
      async joinNetworks() {
        await acts.joinNetworks();
        place = placeOf(runtime, await running.placed(), spec.container?.port ?? at.port);
      },
    },
    get stopping() {
      return stopping;
    },
    startMs,
    signalStop() {
      stopping = true;
      return alive() && process.signal(spec.container?.stopSignal ?? running.stopSignal ?? spec.stopSignal);
    },
    kill() {
      stopping = true;
      process.signal('SIGKILL');
    },
    async gone(deadlineMs = Number.POSITIVE_INFINITY, signal) {
      const atMs = await waitFor(() => process.exit?.atMs, deadlineMs, { stepMs: 20, ...(signal ? { signal } : {}) });
      if (atMs === undefined) return undefined;
      // Its port goes with its network.
      if (!portGone) record({ type: 'process', process: name, what: 'port-gone', pid }, atMs);
      portGone = true;
      await Promise.race([process.exited, delay(LAST_WORDS_MS)]);
      return { processGoneAtMs: atMs, portGoneAtMs: atMs, atMs };
    },
    alive,
    holders: () => [],
    pids: () => process.tree(),
    memoryBytes: () => usage?.memoryBytes ?? treeRssBytes(process.tree()),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
