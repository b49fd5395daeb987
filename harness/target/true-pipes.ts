import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeOwnFolder } from './own-folder.js';

/** Our ends of a child's stdout and stderr, and the descriptors to give it. */
export interface TruePipes {
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly childFds: readonly [number, number];
  /** Once the child has its copies: without this the end of its output would never be seen. */
  given(): void;
}

/**
 * Node connects a child by socket pairs, and on Linux a socket cannot be opened by name: `> /dev/stdout`, nginx's
 * `error_log /dev/stderr` and the like end with "No such device or address", as they do nowhere else. So these are FIFOs,
 * unlinked as soon as both ends are open. Undefined where none can be made; Node's own pipes then do.
 */
export async function openTruePipes(): Promise<TruePipes | undefined> {
  if (process.platform === 'win32') return undefined;
  const opened: number[] = [];
  let folder: string | undefined;
  try {
    folder = makeOwnFolder('pipes');
    const paths = [join(folder, 'out'), join(folder, 'err')] as const;
    await promisify(execFile)('mkfifo', [...paths]);
    const open = (path: string, flags: number) => {
      const fd = openSync(path, flags);
      opened.push(fd);
      return fd;
    };
    const [out, err] = paths;
    // The reader first and without waiting for a writer, then the writer, which so need not wait either.
    const readers = [out, err].map((path) => open(path, constants.O_RDONLY | constants.O_NONBLOCK));
    const childFds = [open(out, constants.O_WRONLY), open(err, constants.O_WRONLY)] as const;
    const [stdout, stderr] = readers.map((fd) => new Socket({ fd, readable: true, writable: false }));
    if (!stdout || !stderr) return undefined;
    return { stdout, stderr, childFds, given: () => childFds.forEach((fd) => void closeSync(fd)) };
  } catch {
    for (const fd of opened) closeSync(fd);
    return undefined;
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}
