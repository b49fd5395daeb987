import { printable } from './printable.js';

/** Words wrapped to `columns` with a hanging indent; on one line where columns are unlimited. */
export function wrapped(text: string, indent: number, columns: number): string {
  const width = Math.max(20, columns - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/** Cut to `columns`, with a sign that it was. */
export function clipped(text: string, columns: number): string {
  const safe = printable(text);
  return safe.length <= columns ? safe : `${safe.slice(0, Math.max(0, columns - 3))}...`;
}

/** 850 ms, 45.0 s, 2 min 5 s. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** 512 B, 1.5 KiB, 279 MiB. */
export function sizeOf(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(bytes))) / 10));
  const value = bytes / 1024 ** at;
  return `${at === 0 || Math.abs(value) >= 10 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}
