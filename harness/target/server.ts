import { isIP } from 'node:net';
import { nowMs, waitFor } from '../clock.js';
import type { ContainerActs } from '../containers/acts.js';
import { startContainerServer } from '../containers/server.js';
import type { Record_, ServerSpec } from '../contract.js';
import { HarnessError } from '../errors.js';
import { treeRssBytes } from '../probes/memory.js';
import { isSecure } from '../protocol.js';
import { isFree, pickPort } from './ports.js';
import { type ProcessOptions, type StartedProcess, spawnProcess } from './process.js';
import { commandLine, processStartTime, processTable, withDescendants } from './process-table.js';
import { type Readiness, untilReady, whereAccepts } from './readiness.js';
import { type Holder, holdersOf, isListening, listenerOf } from './sockets.js';

export interface ServerOptions {
  readonly spec: ServerSpec;
  /** Names the process in the history. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly record: Record_;
  readonly observer?: ProcessOptions['observer'];
  readonly extraEnv?: Readonly<Record<string, string>>;
  /** How many descriptors each of its processes may have open. */
  readonly openFiles?: number;
  /** The port of an earlier copy, to come back on. */
  readonly port?: number;
  /** Milliseconds until it must be ready. */
  readonly deadlineMs?: number;
  /** Waits for it no longer. */
  readonly signal?: AbortSignal;
}

export interface Gone {
  /** When both the process and the listening socket were seen to be gone. */
  readonly atMs: number;
  readonly processGoneAtMs: number;
  readonly portGoneAtMs: number;
}

/** A server that takes connections. */
export interface StartedServer extends AsyncDisposable {
  readonly name: string;
  /** 127.0.0.1 or ::1, whichever takes connections; for a URL its host. */
  readonly host: string;
  readonly port: number;
  readonly onLoopback: boolean;
  /** The process that owns the listening socket; undefined where it can't be told. */
  readonly pid: number | undefined;
  /** The owner is the program that we started ourselves, so that its exit code may be judged. */
  readonly ownChild: boolean;
  /** Undefined for a URL. */
  readonly process: StartedProcess | undefined;
  /** Its end was asked for, by `signalStop` or `stop`. */
  readonly stopping: boolean;
  /** In a container of which only a published port is reached: ends and refusals are the forwarder's. */
  readonly published?: boolean;
  /** Where it is a container. */
  readonly container?: ContainerActs;
  /** Milliseconds from spawn to ready. */
  readonly startMs: number;
  /** The target's stop signal to the owner of the listening socket; false where it is gone already. */
  signalStop(): boolean;
  /** Resolves when the owner and the listening socket are gone, undefined after `deadlineMs`. Connects to nothing on Linux. */
  gone(deadlineMs?: number, signal?: AbortSignal): Promise<Gone | undefined>;
  /** The owner lives, with the same pid and start time (CHECKLIST rule 23). */
  alive(): boolean;
  /** The processes that hold its port or a connection of it: its workers (CHECKLIST rule 23). None where that can't be told. */
  holders(): readonly Holder[];
  /** Pids whose memory is the server's. */
  pids(): number[];
  /** Resident bytes of the whole tree; undefined where it can't be read. */
  memoryBytes(): number | undefined;
  /** SIGKILL to the whole tree, as by a crash: it says nothing to anybody. */
  kill(): void;
  /** Ends the whole tree. A server of a URL is left alone. */
  stop(): Promise<void>;
}

/** The port may be taken between our choice and the target's bind; that is our bad luck, not its fault. */
const attempts = 3;
const portStepMs = 100;

export async function startServer(options: ServerOptions): Promise<StartedServer> {
  if (options.spec.container) return startContainerServer(options);
  const fixed = options.port ?? options.spec.port;
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(options, fixed ?? (await pickPort()), fixed !== undefined);
    } catch (error) {
      const unlucky = error instanceof HarnessError && /EADDRINUSE|address already in use/i.test(error.message);
      if (fixed !== undefined || !unlucky || attempt >= attempts) throw error;
    }
  }
}

async function start(options: ServerOptions, port: number, fixed: boolean): Promise<StartedServer> {
  const { spec, name, record } = options;
  if (spec.command === undefined) throw new HarnessError('NO_COMMAND', `${name} has no command to start it with`);
  if (fixed) await refuseTaken(name, port);
  const readiness: Readiness = {
    spec,
    port,
    deadlineMs: options.deadlineMs ?? 60_000,
    logged: spec.readyLog === undefined,
    ...(options.signal ? { signal: options.signal } : {}),
  };
  const readyLog = spec.readyLog === undefined ? undefined : new RegExp(spec.readyLog);
  const started = await spawnProcess({
    name,
    command: spec.command,
    placeholders: { port, host: '127.0.0.1' },
    env: { ...options.env, ...options.extraEnv, PORT: String(port), HOST: '127.0.0.1' },
    cwd: options.cwd,
    record,
    ...(options.openFiles === undefined ? {} : { openFiles: options.openFiles }),
    ...(options.observer ? { observer: options.observer } : {}),
    ...(readyLog
      ? {
          onLine: (line: string) => {
            readiness.logged ||= readyLog.test(line);
            return readiness.logged;
          },
        }
      : {}),
  });
  try {
    const host = await untilReady(started, readiness);
    const server = makeServer({ name, host, port, spec, record, started });
    record({
      type: 'process',
      process: name,
      what: 'ready',
      ...(server.pid === undefined ? {} : { pid: server.pid }),
      facts: { host, port, ownChild: server.ownChild, startMs: server.startMs },
    });
    return server;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** A server that runs already, by its URL. Never started, signalled or stopped by us. */
export async function connectServer(spec: ServerSpec, name = 'server'): Promise<StartedServer> {
  if (spec.url === undefined) throw new HarnessError('NO_URL', `${name} has no URL to connect to`);
  let url: URL;
  try {
    url = new URL(spec.url);
  } catch (cause) {
    throw new HarnessError('BAD_URL', `${spec.url} is no URL: give one like ws://127.0.0.1:8080/feed`, { cause });
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isSecure(url.href) ? 443 : 80);
  // "localhost" may be either family; the one that takes connections is meant.
  const found = host === 'localhost' ? await whereAccepts(port) : host;
  return makeServer({ name, host: found ?? '127.0.0.1', port, spec, record: () => undefined, started: undefined });
}

interface Parts {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly spec: ServerSpec;
  readonly record: Record_;
  readonly started: StartedProcess | undefined;
}

function makeServer({ name, host, port, spec, record, started }: Parts): StartedServer {
  const readyAtMs = nowMs();
  const onLoopback = host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  const owner = onLoopback ? listenerOf(port, started?.tree()) : undefined;
  if (owner) started?.adopt(owner.pid);
  const pid = owner?.pid ?? started?.pid;
  const startTime = owner?.startTime ?? (pid === undefined ? undefined : processStartTime(pid));
  let stopping = false;

  const alive = () => pid !== undefined && startTime !== undefined && processStartTime(pid) === startTime;
  const endedAtMs = () => (pid === started?.pid ? started?.exit?.atMs : undefined);
  const listening = async () => (await isListening(port)) ?? (await whereAccepts(port)) !== undefined;
  const pids = () => {
    if (started) return started.tree();
    return pid !== undefined && alive() ? [...withDescendants(processTable(), [pid])] : [];
  };
  const stop = async () => {
    stopping = true;
    await started?.stop();
  };
  return {
    name,
    host,
    port,
    onLoopback,
    pid,
    // Where the owner can't be told, what we started without a shell in between is taken for it.
    ownChild: started !== undefined && pid === started.pid && started.direct,
    process: started,
    get stopping() {
      return stopping;
    },
    startMs: started ? Math.round(readyAtMs - started.spawnedAtMs) : 0,
    signalStop() {
      if (!started || pid === undefined) throw notOurs(name);
      stopping = true;
      return alive() && started.signal(spec.stopSignal, pid);
    },
    kill() {
      if (!started) throw notOurs(name);
      stopping = true;
      for (const one of started.tree()) started.signal('SIGKILL', one);
    },
    async gone(deadlineMs = Number.POSITIVE_INFINITY, signal) {
      let processGoneAtMs: number | undefined;
      let portGoneAtMs: number | undefined;
      let lookedAtMs = 0;
      const check = async () => {
        // Its own end, where it is our child: a look at the port may take long on a busy machine.
        if (processGoneAtMs === undefined && !alive()) processGoneAtMs = endedAtMs() ?? nowMs();
        // A look at the port costs a hundred times as much as one at the process, and matters most once that is gone.
        const due = processGoneAtMs !== undefined || nowMs() - lookedAtMs > portStepMs;
        if (portGoneAtMs === undefined && due) {
          lookedAtMs = nowMs();
          if (!(await listening())) {
            portGoneAtMs = lookedAtMs;
            const owned = pid === undefined ? {} : { pid };
            record({ type: 'process', process: name, what: 'port-gone', ...owned }, portGoneAtMs);
          }
        }
        return processGoneAtMs !== undefined && portGoneAtMs !== undefined
          ? { processGoneAtMs, portGoneAtMs, atMs: Math.max(processGoneAtMs, portGoneAtMs) }
          : undefined;
      };
      return waitFor(check, deadlineMs, { stepMs: 20, ...(signal ? { signal } : {}) });
    },
    alive,
    holders: () => (onLoopback ? holdersOf(port, pids()) : []),
    pids,
    memoryBytes: () => treeRssBytes(pids()),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function notOurs(name: string): HarnessError {
  return new HarnessError('NOT_OURS', `${name} was not started by Holdfast and is not stopped by it: give a command`);
}

async function refuseTaken(name: string, port: number): Promise<void> {
  // A copy before this one may just be leaving.
  const free = await waitFor(async () => (await isFree(port)) && (await whereAccepts(port)) === undefined, 1_000, {
    stepMs: 100,
  });
  if (free) return;
  const holder = listenerOf(port);
  const by = holder ? ` by process ${holder.pid} (${commandLine(holder.pid)})` : '';
  throw new HarnessError(
    'PORT_IN_USE',
    `port ${port}, which ${name} shall have, is in use${by}: end that, or give another --port`,
  );
}
