import type { Readable } from 'node:stream';

/** Lines longer than this are cut: a program may print without ever ending a line. */
const maxLineBytes = 64 * 1024;
/** As many last lines as an error message or a report may want to show. */
const keptLines = 40;

export type LineListener = (line: string) => void;

export interface Output {
  readonly tail: readonly string[];
  /** Called for every line from now on; costs time under a flood, so dispose it once enough was seen. */
  onLine(listener: LineListener): Disposable;
}

/**
 * Reads a stream for ever, so that its writer never blocks, in bounded memory. Every line is looked at only while
 * someone listens; otherwise just the blocks that hold `marker`, and the last lines of each block: at 64 KiB a block a
 * gigabyte of output costs well under a second.
 */
export function readLines(stream: Readable, marker: string | undefined, onMarked: LineListener): Output {
  const listeners = new Set<LineListener>();
  let tail: string[] = [];
  /** The beginning of a line whose end has not come. */
  let carry = Buffer.alloc(0);
  /** In a line that is too long already. */
  let skipping = false;

  const keep = (lines: readonly string[]) => {
    tail = lines.length >= keptLines ? lines.slice(-keptLines) : [...tail, ...lines].slice(-keptLines);
  };
  const take = (block: Buffer) => {
    const marked = marker !== undefined && block.includes(marker);
    if (marked || listeners.size > 0) {
      const lines = decode(block);
      keep(lines);
      for (const line of lines) {
        if (marker !== undefined && marked && line.includes(marker)) onMarked(line);
        for (const listener of listeners) listener(line);
      }
    } else keep(decode(lastLines(block)));
  };
  stream.on('data', (chunk: Buffer) => {
    let fresh = chunk;
    if (skipping) {
      const end = fresh.indexOf(10);
      if (end < 0) return;
      fresh = fresh.subarray(end + 1);
      skipping = false;
    }
    const end = fresh.lastIndexOf(10);
    if (end >= 0) {
      take(carry.length > 0 ? Buffer.concat([carry, fresh.subarray(0, end)]) : fresh.subarray(0, end));
      carry = Buffer.from(fresh.subarray(end + 1));
    } else carry = Buffer.concat([carry, fresh]);
    if (carry.length > maxLineBytes) {
      take(carry.subarray(0, maxLineBytes));
      carry = Buffer.alloc(0);
      skipping = true;
    }
  });
  // A last line without its end.
  stream.on('close', () => {
    if (carry.length > 0) take(carry);
    carry = Buffer.alloc(0);
  });
  stream.on('error', () => undefined);
  return {
    get tail() {
      return tail;
    },
    onLine(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

function decode(block: Buffer): string[] {
  return block
    .toString('utf8')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line).slice(0, maxLineBytes));
}

function lastLines(block: Buffer): Buffer {
  let from = block.length;
  for (let count = 0; count < keptLines && from > 0; count++) {
    from = block.lastIndexOf(10, from - 1);
    if (from < 0) return block;
  }
  return block.subarray(from + 1);
}
