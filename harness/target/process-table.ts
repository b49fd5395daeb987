import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Ticks since boot on Linux, milliseconds since 1970 elsewhere: with the pid it names a process for good. */
  readonly startTime: number;
}

const linux = process.platform === 'linux';

/** Every process there is, without those that are dead and only not yet reaped. */
export function processTable(): Map<number, ProcessRow> {
  const table = new Map<number, ProcessRow>();
  if (!linux) {
    for (const row of psRows()) table.set(row.pid, row);
    return table;
  }
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const row = statRow(pid);
    if (row) table.set(pid, row);
  }
  return table;
}

/** When the process started; undefined where it does not live (any more). */
export function processStartTime(pid: number): number | undefined {
  return linux ? statRow(pid)?.startTime : psRows(pid)[0]?.startTime;
}

/** Does the environment that the process was started with hold this text? False where it may not be read. */
export function environmentHolds(pid: number, text: string): boolean {
  if (!linux) return false;
  try {
    return readFileSync(`/proc/${pid}/environ`).includes(text);
  } catch {
    return false;
  }
}

/** The command line of a process, for messages. */
export function commandLine(pid: number): string {
  try {
    if (!linux) return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim().slice(0, 120);
  } catch {
    return '';
  }
}

/** `pids` and everything below them. */
export function withDescendants(table: ReadonlyMap<number, ProcessRow>, pids: Iterable<number>): Set<number> {
  const children = new Map<number, number[]>();
  for (const row of table.values()) {
    const list = children.get(row.parent);
    if (list) list.push(row.pid);
    else children.set(row.parent, [row.pid]);
  }
  const found = new Set<number>();
  const queue = [...pids];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    if (found.has(pid) || !table.has(pid)) continue;
    found.add(pid);
    queue.push(...(children.get(pid) ?? []));
  }
  return found;
}

function statRow(pid: number): ProcessRow | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in parentheses may itself hold blanks and parentheses: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const field = (index: number) => Number(fields[index]);
  return { pid, parent: field(1), group: field(2), session: field(3), startTime: field(19) };
}

/** `ps` of macOS and the BSDs has no session id that could be compared; the group stands in for it. */
function psRows(pid?: number): ProcessRow[] {
  let text: string;
  try {
    const which = pid === undefined ? ['-A'] : ['-p', String(pid)];
    text = execFileSync('ps', [...which, '-o', 'pid=,ppid=,pgid=,state=,lstart='], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
  } catch {
    return [];
  }
  const rows: ProcessRow[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line);
    if (!match || match[4]?.startsWith('Z')) continue;
    const [own, parent, group] = [Number(match[1]), Number(match[2]), Number(match[3])];
    rows.push({ pid: own, parent, group, session: group, startTime: Date.parse(match[5] ?? '') });
  }
  return rows;
}
