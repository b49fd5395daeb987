import { connect } from 'node:net';
import { after, delay, nowMs } from '../clock.js';
import type { ServerSpec } from '../contract.js';
import { HarnessError } from '../errors.js';
import { type StartedProcess, targetDied } from './process.js';
import { listeningPorts } from './sockets.js';

export interface Readiness {
  readonly spec: ServerSpec;
  readonly port: number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** The line that `readyLog` waits for has come, or none is waited for. */
  logged: boolean;
}

/** A server that for so long listens, but elsewhere, has not heard of PORT; milliseconds. Its main port may be the second to open. */
const elsewhereMs = 15_000;
const connectMs = 1_000;
const stayMs = 100;

/** Waits until the server is ready by its own measure and gives the address at which it takes connections. */
export async function untilReady(started: StartedProcess, readiness: Readiness): Promise<string> {
  const { spec, port } = readiness;
  const end = nowMs() + readiness.deadlineMs;
  let elsewhereSince: number | undefined;
  let answer: string | undefined;
  for (let round = 0; nowMs() < end; round++) {
    const host = readiness.logged ? await whereAccepts(port) : undefined;
    if (host) {
      answer = spec.readyUrl === undefined ? undefined : await statusOf(spec.readyUrl, host, port);
      // A stranger on our port, and our own target dead of it, would else pass for ready.
      if (answer === undefined && !diedInVain(started)) return host;
    }
    if (diedInVain(started)) throw await targetDied(started, `before it took connections on port ${port}`);
    // Every second: walking over its descriptors is not free.
    const elsewhere = !host && round % 20 === 19 ? listeningPorts(started.tree()) : undefined;
    if (elsewhere) {
      elsewhereSince = elsewhere.length === 0 || elsewhere.includes(port) ? undefined : (elsewhereSince ?? nowMs());
      if (elsewhereSince !== undefined && readiness.logged && nowMs() - elsewhereSince > elsewhereMs) break;
    }
    await delay(50, readiness.signal);
  }
  throw new HarnessError(
    'NOT_READY',
    `${started.name} (${started.command}) did not become ready: ${seen(started, readiness, answer)}`,
  );
}

/** 127.0.0.1 or ::1, whichever takes connections on this port. */
export async function whereAccepts(port: number): Promise<string | undefined> {
  for (const host of ['127.0.0.1', '::1']) if (await accepts(host, port)) return host;
  return undefined;
}

/** Whether somebody takes a connection there, and does not end it at once as the forwarder of a published port does. */
export function staysOpen(host: string, port: number): Promise<boolean> {
  return accepts(host, port, stayMs);
}

function accepts(host: string, port: number, forMs = 0): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (value: boolean) => {
      timer[Symbol.dispose]();
      socket.destroy();
      resolve(value);
    };
    let timer = after(connectMs, () => settle(false));
    socket.once('connect', () => {
      if (forMs === 0) return settle(true);
      timer[Symbol.dispose]();
      timer = after(forMs, () => settle(true));
    });
    socket.once('end', () => settle(false)).resume();
    socket.once('error', () => settle(false));
  });
}

/** Undefined for an answer of 2xx, else what came instead. */
export async function statusOf(readyUrl: string, host: string, port: number): Promise<string | undefined> {
  const url = readyUrl.replaceAll('{port}', String(port)).replaceAll('{host}', host.includes(':') ? `[${host}]` : host);
  const giveUp = new AbortController();
  using _timer = after(2_000, () => giveUp.abort());
  try {
    const response = await fetch(url, { signal: giveUp.signal, redirect: 'manual' });
    await response.body?.cancel();
    return response.ok ? undefined : `${url} answers ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `${url} does not answer (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}

/** Ended with an error, or without leaving anything that could become ready (a program that daemonises leaves something). */
function diedInVain(started: StartedProcess): boolean {
  const exit = started.exit;
  return exit !== undefined && (exit.code !== 0 || started.tree().length === 0);
}

function seen(
  started: StartedProcess,
  { spec, port, logged, deadlineMs }: Readiness,
  answer: string | undefined,
): string {
  const ports = listeningPorts(started.tree());
  const [only] = ports;
  const last = [...started.stdoutTail, ...started.stderrTail].filter((line) => line.trim() !== '').at(-1);
  const said = last === undefined ? 'it printed nothing' : `its last line: ${last.trim().slice(0, 300)}`;
  if (only !== undefined && !ports.includes(port)) {
    const many = ports.length > 1 ? 'one of them by --port' : `--port ${only}`;
    return spec.port === undefined
      ? `it listens on ${ports.join(', ')}, not on PORT ${port}: use ${many}, or {port} in the command (${said})`
      : `it listens on ${ports.join(', ')}, not on ${port}: use ${many} (${said})`;
  }
  const seconds = `${Math.round(deadlineMs / 100) / 10} s`;
  if (!logged) return `no line matched --ready-log ${spec.readyLog} in ${seconds}, ${said}`;
  if (answer !== undefined) return `${answer} after ${seconds}, ${said}`;
  return `nothing took connections on port ${port} (127.0.0.1, ::1) in ${seconds}, ${said}`;
}
