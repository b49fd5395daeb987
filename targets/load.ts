/**
 * A machine under load, for `npm run prove -- --stability`: each kind a process of its own that ends by itself once its parent
 * is gone, however that ended, and leaves nothing behind.
 *
 *   cpu      one a core that never rests
 *   memory   takes all but a quarter of the machine's (at least 2 GiB stay free), gives back what others come to need, since what
 *            is to be tried is a full memory and not a kernel that kills for want of it, and writes to every page again and again
 *   disk     a file of 64 MiB, unlinked as soon as it is open, written and flushed again and again beside the saved runs
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;
const CHUNK_BYTES = 64 * MIB;
const PAGE_BYTES = 4096;
const SPARED_BYTES = 2048 * MIB;
const SPARED_SHARE = 0.25;
/** How often a busy process looks whether its parent lives. */
const LOOK_MS = 100;
declare const gc: () => void;

/** `folder` lies on the disk that is to be slow. */
export function putUnderLoad(folder: string): Disposable & { readonly about: string } {
  const cores = availableParallelism();
  const kinds = [...Array.from({ length: cores }, () => 'cpu'), 'memory', 'disk'];
  const children = kinds.map(
    (kind): ChildProcess =>
      spawn(process.execPath, ['--expose-gc', __filename, kind, `${process.pid}`, folder], { stdio: 'ignore' }),
  );
  return {
    about: `${cores} cores busy, memory filled, disk flushed`,
    [Symbol.dispose]: () => {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

function turns(): void {
  const until = Date.now() + LOOK_MS;
  while (Date.now() < until);
}

function memory(): () => void {
  const spared = Math.max(SPARED_BYTES, SPARED_SHARE * totalmem());
  const chunks: Buffer[] = [];
  let turn = 0;
  return () => {
    const free = availableBytes();
    if (free > spared + CHUNK_BYTES) chunks.push(Buffer.alloc(CHUNK_BYTES, 1));
    else if (free < spared && chunks.length > 0) {
      chunks.length -= Math.min(chunks.length, Math.ceil((spared - free) / CHUNK_BYTES));
      gc();
    }
    const chunk = chunks[turn % Math.max(1, chunks.length)];
    turn += 1;
    for (let at = 0; chunk && at < chunk.length; at += PAGE_BYTES) chunk[at] = turn % 256;
  };
}

function availableBytes(): number {
  return Number(/MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
}

function disk(folder: string): () => void {
  const file = join(folder, `load-${process.pid}`);
  const descriptor = openSync(file, 'w+');
  rmSync(file);
  const block = Buffer.alloc(MIB, 7);
  let at = 0;
  return () => {
    writeSync(descriptor, block, 0, MIB, at);
    at = (at + MIB) % CHUNK_BYTES;
    fsyncSync(descriptor);
  };
}

if (require.main === module) {
  const [kind, parent = '0', folder = '.'] = process.argv.slice(2);
  const step = kind === 'memory' ? memory() : kind === 'disk' ? disk(folder) : turns;
  const work = () => {
    if (process.ppid !== Number(parent)) process.exit(0);
    step();
    setImmediate(work);
  };
  work();
}
