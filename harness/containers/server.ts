import { delay, nowMs, waitFor } from '../clock.js';
import { HarnessError } from '../errors.js';
import { treeRssBytes } from '../probes/memory.js';
import type { Address } from '../scenario.js';
import { insideNamespace } from '../target/namespace.js';
import { type StartedProcess, targetDied } from '../target/process.js';
import { statusOf, staysOpen } from '../target/readiness.js';
import type { ServerOptions, StartedServer } from '../target/server.js';
import { actsOn } from './acts.js';
import { type ContainerSettings, type RunningContainer, startContainer } from './container.js';
import { followContainer } from './process.js';
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
    const words = { name, command: spec.command ?? '', record, spawnedAtMs };
    const { process, visible } = await followContainer(runtime, running, words);
    const usage = visible ? undefined : watchUsage(running.handle);
    void process.exited.then(() => usage?.[Symbol.dispose]());
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
  readonly usage: ReturnType<typeof watchUsage> | undefined;
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
