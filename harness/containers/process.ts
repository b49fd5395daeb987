import { PassThrough } from 'node:stream';
import { nowMs } from '../clock.js';
import type { Record_ } from '../contract.js';
import { readLines } from '../target/output.js';
import type { ProcessExit, StartedProcess } from '../target/process.js';
import { processStartTime, processTable, withDescendants } from '../target/process-table.js';
import type { RunningContainer } from './container.js';
import { removeContainer } from './ownership.js';
import type { ContainerRuntime } from './runtime.js';

/**
 * The first process of a container, as one that we had spawned: its words, its end, what came of it. `visible`: so are its
 * processes, on this machine.
 */
export async function followContainer(
  runtime: ContainerRuntime,
  running: RunningContainer,
  options: {
    readonly name: string;
    readonly command: string;
    readonly record: Record_;
    readonly spawnedAtMs: number;
  },
): Promise<{ readonly process: StartedProcess; readonly visible: boolean }> {
  const { name, command, record, spawnedAtMs } = options;
  const { handle, pid } = running;
  const [out, err] = [new PassThrough(), new PassThrough()];
  // From its beginning on, whenever it comes: Podman answers with the first word, and some have none to say.
  handle
    .logs({ follow: true, stdout: true, stderr: true })
    .then((logs) => runtime.client.container.dockerode.modem.demuxStream(logs, out, err))
    .catch(() => undefined);
  const [stdout, stderr] = [readLines(out, undefined, () => undefined), readLines(err, undefined, () => undefined)];
  let exit: ProcessExit | undefined;
  const exited = handle
    .wait()
    .then(({ StatusCode }: { StatusCode: number }) => StatusCode as number | null)
    // Removed before it had ended.
    .catch(() => null)
    .then((code): ProcessExit => {
      exit = { code, signal: null, atMs: nowMs() };
      record({ type: 'process', process: name, what: 'exit', pid, code, signal: null }, exit.atMs);
      return exit;
    });
  // Of a runtime in another machine (Docker Desktop) the number is none of ours.
  const startTime = running.beside === undefined ? undefined : processStartTime(pid);
  const lives = () => startTime !== undefined && processStartTime(pid) === startTime;
  const tree = () => (lives() ? [...withDescendants(processTable(), [pid])] : []);
  const stop = async () => {
    await removeContainer(runtime, handle.id);
    await exited;
  };
  record({ type: 'process', process: name, what: 'spawn', pid }, spawnedAtMs);
  const process: StartedProcess = {
    name,
    command,
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
  return { process, visible: startTime !== undefined };
}
