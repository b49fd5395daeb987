import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { until, within } from '../clock.js';
import { HarnessError, messageOf } from '../errors.js';
import { createToxiproxyClient, type Route } from '../path/toxiproxy.js';
import { processStartTime } from '../target/process-table.js';
import { runMark, startReaper, tellReaper } from '../target/reaper.js';

const READY_MS = 10_000;
const STOP_MS = 1000;
/** The last lines of a server's log, for the message when it dies. */
const KEPT_LINES = 20;

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Where it is in a container. */
  readonly route?: Route;
}

/** A real server on a free port of loopback. */
export async function startRealServer(binary: string, flags: readonly string[] = []): Promise<ServerProcess> {
  const port = await freePort();
  startReaper();
  const child = spawn(binary, ['-host', '127.0.0.1', '-port', String(port), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'warn', ...runMark() },
  });
  const server = own(child, 'toxiproxy-server');
  const url = `http://127.0.0.1:${port}`;
  try {
    const client = createToxiproxyClient(url, { timeoutMs: 1000 });
    const answers = () => {
      server.assertAlive();
      return client.version().catch(() => undefined);
    };
    await until(`toxiproxy-server answers on port ${port}`, answers, READY_MS, { seen: server.lastLines });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: server.stop };
}

/** The embedded server in a process of its own, so that its timers do not share our event loop. */
export async function startEmbeddedProcess(seed: number, flags: readonly string[] = []): Promise<ServerProcess> {
  const script = join(__dirname, 'serve.js');
  startReaper();
  const child = fork(script, ['--port', '0', '--seed', String(seed), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, ...runMark() },
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

/**
 * Drains a child's output, and ends the child: with us if we end first (by the reaper, where we are killed), by force if it
 * does not listen.
 */
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
  const startTime = child.pid === undefined ? undefined : processStartTime(child.pid);
  if (child.pid !== undefined && startTime !== undefined) tellReaper(child.pid, startTime);
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
