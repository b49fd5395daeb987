import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { delay, nowMs, waitFor } from '../clock.js';
import type { Observer, Record_ } from '../contract.js';
import { HarnessError } from '../errors.js';
import { LOST } from '../lost.js';
import { type Placeholders, parseCommand } from './command.js';
import { createFamily, killAll } from './family.js';
import { type Output, readLines } from './output.js';
import { startReaper } from './reaper.js';
import { parseReport, type Report } from './report-line.js';
import { openTruePipes } from './true-pipes.js';

/** How long a tree may take to end by itself after SIGTERM, in milliseconds, before SIGKILL. */
const termMs = 2_000;

export interface ProcessOptions {
  /** Names the process in the history. */
  readonly name: string;
  readonly command: string;
  readonly placeholders?: Placeholders;
  /** Added to our own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Limit of open descriptors, soft and hard: a runtime may raise its soft one (Go does). Not on Windows. */
  readonly openFiles?: number;
  readonly record: Record_;
  /** Turns the ids of reports into what may be kept; without it reports carry no id. */
  readonly observer?: Pick<Observer, 'scalar'>;
  readonly onReport?: (report: Report, atMs: number) => void;
  /** Every line of both streams until it returns true. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => boolean | undefined;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atMs: number;
}

export interface StartedProcess extends AsyncDisposable {
  readonly name: string;
  readonly command: string;
  readonly pid: number;
  readonly spawnedAtMs: number;
  /** The program itself, not a shell around it. */
  readonly direct: boolean;
  readonly exited: Promise<ProcessExit>;
  readonly exit: ProcessExit | undefined;
  readonly stdoutTail: readonly string[];
  readonly stderrTail: readonly string[];
  /** Pids of all that came of it and lives, itself first; also what left its group or lost its parent. */
  tree(): number[];
  /** The same as of a second ago at most, at no cost. */
  seen(): number[];
  /** A process found by other means belongs to it from now on. */
  adopt(pid: number): void;
  /** To `pid`, by default the process itself; false where it is gone. Recorded. */
  signal(signal: NodeJS.Signals, pid?: number): boolean;
  /** Ends the whole tree: SIGTERM, after 2 s SIGKILL. Twice without harm. */
  stop(): Promise<void>;
}

interface Streams {
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

export async function spawnProcess(options: ProcessOptions): Promise<StartedProcess> {
  const { name, record } = options;
  const command = parseCommand(options.command, options.placeholders);
  const family = createFamily();
  // Before the target, so that not even the first instant is unguarded.
  startReaper();
  const pipes = await openTruePipes();
  const spawnedAtMs = nowMs();
  const [file, ...args] = limited([command.file, ...command.args], options.openFiles);
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, PYTHONUNBUFFERED: '1', ...options.env, ...family.mark },
    // A session and group of its own; stdin stays open and never ends, since many programs leave when it does.
    detached: true,
    stdio: ['pipe', pipes?.childFds[0] ?? 'pipe', pipes?.childFds[1] ?? 'pipe'],
  });
  pipes?.given();
  const streams = { stdout: pipes?.stdout ?? child.stdout, stderr: pipes?.stderr ?? child.stderr };
  child.stdin?.on('error', () => undefined);
  const out = follow(streams, options);
  let exit: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal, atMs: nowMs() };
      record({ type: 'process', process: name, what: 'exit', pid: child.pid ?? 0, code, signal }, exit.atMs);
      resolve(exit);
    });
  });
  try {
    await spawned(child, command.file, options);
  } catch (error) {
    pipes?.stdout.destroy();
    pipes?.stderr.destroy();
    throw error;
  }
  // Set as soon as it was spawned.
  const pid = child.pid ?? 0;
  family.begin(pid);
  record({ type: 'process', process: name, what: 'spawn', pid }, spawnedAtMs);

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    if (await endTree(family.members, options)) family.end();
    // Someone who left the tree unseen may still hold the other ends; they must not hold us.
    for (const stream of [child.stdin, streams.stdout, streams.stderr]) stream?.destroy();
    child.unref();
  };
  const stopOnce = () => {
    stopping ??= stop();
    return stopping;
  };
  return {
    name,
    command: options.command,
    pid,
    spawnedAtMs,
    direct: command.direct,
    exited,
    get exit() {
      return exit;
    },
    get stdoutTail() {
      return out.stdout?.tail ?? [];
    },
    get stderrTail() {
      return out.stderr?.tail ?? [];
    },
    tree: family.members,
    seen: family.seen,
    adopt: family.adopt,
    signal(signal, to = pid) {
      try {
        process.kill(to, signal);
      } catch {
        return false;
      }
      record({ type: 'process', process: name, what: 'signal', pid: to, signal });
      return true;
    },
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  };
}

/** The error for a process that ended when it should not; waits a moment for its last words. */
export async function targetDied(started: StartedProcess, when: string): Promise<HarnessError> {
  const exit = started.exit;
  // The exit is often seen before the last lines of the pipes.
  await waitFor(() => started.stderrTail.length > 0, 200);
  await delay(20);
  const how = exit?.signal ? `was ended by ${exit.signal}` : `exited with code ${exit?.code ?? 'unknown'}`;
  const lines = (started.stderrTail.length > 0 ? started.stderrTail : started.stdoutTail).filter(
    (line) => line.trim() !== '',
  );
  // The line that names the error comes before a long stack; `throw er; // Unhandled 'error' event` before it names none.
  const naming = lines.findIndex((line) => /\w*(Error|Exception|panic)\b.*: /.test(line));
  const named = naming >= 0 ? naming : lines.findIndex((line) => /error/i.test(line));
  const words = (
    named >= 0 && named < lines.length - 5 ? [lines[named] ?? '', ...lines.slice(-3)] : lines.slice(-5)
  ).map((line) => line.trim().slice(0, 300));
  const said = words.length > 0 ? `; its last lines: ${words.join(' | ')}` : ', and it printed nothing';
  const afterMs = Math.round((exit?.atMs ?? nowMs()) - started.spawnedAtMs);
  // 127 is what a shell answers for a program that it does not find.
  const code = exit?.code === 127 && !started.stderrTail.some((line) => /EADDRINUSE/.test(line));
  return new HarnessError(
    code ? 'TARGET_NOT_FOUND' : 'TARGET_DIED',
    `${started.name} (${started.command}) ${how} after ${afterMs} ms, ${when}${said}`,
  );
}

/** A shell that sets the limit and replaces itself by the program, so that pid and exit code are the program's. */
function limited(argv: readonly [string, ...string[]], openFiles: number | undefined): readonly [string, ...string[]] {
  if (openFiles === undefined) return argv;
  return ['sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh', ...argv];
}

function follow(streams: Streams, options: ProcessOptions): { stdout?: Output; stderr?: Output } {
  const { name, record, observer, onReport, onLine } = options;
  const onMarked = (line: string) => {
    const report = parseReport(line);
    if (!report) return;
    const id = observer?.scalar(report.id);
    record({ type: 'report', process: name, event: report.event, ...(id === undefined ? {} : { id }) });
    onReport?.(report, nowMs());
  };
  const out: { stdout?: Output; stderr?: Output } = {};
  if (streams.stdout) out.stdout = readLines(streams.stdout, '"event"', onMarked);
  if (streams.stderr) out.stderr = readLines(streams.stderr, undefined, () => undefined);
  const listening: Disposable[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    if (!onLine) break;
    const listener = out[stream]?.onLine((line) => {
      if (onLine(line, stream)) for (const each of listening) each[Symbol.dispose]();
    });
    if (listener) listening.push(listener);
  }
  return out;
}

async function spawned(child: ChildProcess, file: string, options: ProcessOptions): Promise<void> {
  const cause = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', resolve);
  });
  child.on('error', () => undefined);
  if (!cause) return;
  // Ours may be used up, or the machine's: neither is the command's fault.
  const lost = { EMFILE: LOST.descriptors, ENFILE: LOST.descriptors, EAGAIN: LOST.processes, ENOMEM: LOST.memory };
  const code = lost[cause.code as keyof typeof lost];
  let why = `cannot be started (${cause.code ?? cause.message})`;
  if (!existsSync(options.cwd)) why = `cannot be started, since its folder ${options.cwd} does not exist`;
  else if (cause.code === 'ENOENT') why = `needs ${basename(file)}, which is not found on PATH or in ${options.cwd}`;
  else if (cause.code === 'EACCES') why = `needs ${file}, which may not be executed: make it executable`;
  throw new HarnessError(code ?? 'TARGET_NOT_FOUND', `${options.name} (${options.command}) ${why}`, { cause });
}

/** True once nothing of it lives. */
async function endTree(members: () => number[], options: ProcessOptions): Promise<boolean> {
  const before = members();
  if (before.length === 0) return true;
  killAll(before, 'SIGTERM');
  // One that is stopped takes no SIGTERM until it goes on.
  killAll(before, 'SIGCONT');
  const orderly = await waitFor(() => members().length === 0, termMs, { stepMs: 25 });
  let gone = Boolean(orderly);
  if (!gone) {
    gone = Boolean(
      await waitFor(
        () => {
          const left = members();
          // SIGKILL again each round: what is being killed may fork meanwhile.
          killAll(left, 'SIGKILL');
          return left.length === 0;
        },
        5_000,
        { stepMs: 25 },
      ),
    );
  }
  options.record({
    type: 'process',
    process: options.name,
    what: 'killed',
    pid: before[0] ?? 0,
    signal: orderly ? 'SIGTERM' : 'SIGKILL',
    facts: { processes: before.length, gone },
  });
  return gone;
}
