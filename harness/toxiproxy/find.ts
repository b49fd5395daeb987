import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { until, within } from '../clock.js';
import { HarnessError, messageOf } from '../errors.js';
import { createToxiproxyClient, type ToxiproxyClient } from '../path/toxiproxy.js';

/** The server of a run, real or embedded. Disposing stops it where it is ours. */
export interface Engine extends AsyncDisposable {
  readonly kind: 'toxiproxy' | 'embedded';
  readonly version: string;
  /** These two change with a `restart`. */
  readonly url: string;
  readonly client: ToxiproxyClient;
  /** Kills the server and starts another: for one that wedges. Every proxy is gone then. Only where it is private. */
  restart(): Promise<void>;
}

const BINARY = 'toxiproxy-server';
const READY_MS = 10_000;
const STOP_MS = 1000;
/** The last lines of a server's log, for the message when it dies. */
const KEPT_LINES = 20;

/**
 * `auto`: the server of TOXIPROXY_URL, else `toxiproxy-server` on the PATH as a private process, else the embedded one as a
 * process of its own. A URL is used as it is; the others insist.
 */
export async function openEngine(choice: string, seed: number): Promise<Engine> {
  if (/^https?:\/\//.test(choice)) return openUrl(choice);
  if (choice === 'embedded') return openPrivate('embedded', () => startEmbeddedProcess(seed));
  if (choice !== 'auto' && choice !== 'toxiproxy') {
    throw new HarnessError('ENGINE', `--engine ${choice} is none of auto, toxiproxy, embedded or a URL`);
  }
  const url = process.env.TOXIPROXY_URL;
  if (url) return openUrl(url);
  const binary = findRealServer();
  if (binary) return openPrivate('toxiproxy', () => startRealServer(binary));
  const required = isRequired('toxiproxy');
  if (choice === 'toxiproxy' || required) {
    const why = required ? ' and HOLDFAST_REQUIRE asks for one' : '';
    throw new HarnessError('ENGINE', `there is no ${BINARY} on the PATH and no TOXIPROXY_URL${why}: install one`);
  }
  return openPrivate('embedded', () => startEmbeddedProcess(seed));
}

/** Whether HOLDFAST_REQUIRE names it. */
export function isRequired(what: string): boolean {
  const required = process.env.HOLDFAST_REQUIRE ?? '';
  return required.split(',').some((one) => one.trim() === what);
}

/** The path of the real server's program, if this machine has it. */
export function findRealServer(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, BINARY);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** A real server on a free port of loopback. */
export async function startRealServer(binary: string, flags: readonly string[] = []): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(binary, ['-host', '127.0.0.1', '-port', String(port), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'warn' },
  });
  const server = own(child, BINARY);
  const url = `http://127.0.0.1:${port}`;
  try {
    const client = createToxiproxyClient(url, { timeoutMs: 1000 });
    const answers = () => {
      server.assertAlive();
      return client.version().catch(() => undefined);
    };
    await until(`${BINARY} answers on port ${port}`, answers, READY_MS, { seen: server.lastLines });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: server.stop };
}

/** The embedded server in a process of its own, so that its timers do not share our event loop. */
export async function startEmbeddedProcess(seed: number, flags: readonly string[] = []): Promise<ServerProcess> {
  const script = join(__dirname, 'serve.js');
  const child = fork(script, ['--port', '0', '--seed', String(seed), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
  const server = own(child, 'the embedded Toxiproxy server');
  try {
    const ready = once(child, 'message').then(([message]) => message);
    const message: unknown = await within(
      'the start of the embedded Toxiproxy server',
      READY_MS,
      Promise.race([ready, server.died]),
    );
    if (typeof message === 'object' && message && 'url' in message && typeof message.url === 'string') {
      return { url: message.url, pid: child.pid ?? 0, [Symbol.asyncDispose]: server.stop };
    }
    throw new HarnessError(
      'ENGINE',
      `the embedded Toxiproxy server said ${JSON.stringify(message)} instead of its URL`,
    );
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function openUrl(url: string): Promise<Engine> {
  const client = createToxiproxyClient(url);
  const version = await client.version();
  return {
    kind: 'toxiproxy',
    version,
    url: client.url,
    client,
    restart() {
      throw new HarnessError('ENGINE', `the Toxiproxy at ${url} is not ours to restart: restart it by hand`);
    },
    // Not ours to stop; the handles' own disposal removes what was made there.
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function openPrivate(kind: Engine['kind'], start: () => Promise<ServerProcess>): Promise<Engine> {
  let server = await start();
  let client = createToxiproxyClient(server.url);
  const version = await client.version();
  return {
    kind,
    version,
    get url() {
      return server.url;
    },
    get client() {
      return client;
    },
    async restart() {
      await server[Symbol.asyncDispose]();
      server = await start();
      client = createToxiproxyClient(server.url);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Drains a child's output, and ends the child: with us if we end first, by force if it does not listen. */
function own(child: ChildProcess, name: string) {
  let lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      lines = [...lines, ...text.trimEnd().split('\n')].slice(-KEPT_LINES);
    });
  }
  const lastLines = () => lines.join('\n') || 'no output';
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      lines.push(messageOf(error));
      resolve();
    });
  });
  const death = () => new HarnessError('ENGINE', `${name} ended on its own: ${lastLines()}`);
  const died = gone.then(() => Promise.reject(death()));
  died.catch(() => undefined);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let ended = false;
  void gone.then(() => {
    ended = true;
    process.removeListener('exit', kill);
  });
  return {
    lastLines,
    died,
    assertAlive(): void {
      if (ended) throw death();
    },
    async stop(): Promise<void> {
      if (ended) return;
      child.kill('SIGTERM');
      await within(`the end of ${name}`, STOP_MS, gone).catch(() => kill());
      await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address === 'object' && address) return address.port;
  throw new HarnessError('ENGINE', 'no free port on 127.0.0.1');
}
