import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { every, waitFor } from '../harness/clock.js';
import { environmentHolds, processTable } from '../harness/target/process-table.js';

const MAIN = join(__dirname, '../harness/cli/main.js');
const HOSTILE = join(__dirname, 'hostile/');
const MOST_BYTES = 512 * 2 ** 20;
const GONE_MS = 10_000;
/** Of `unsafe-text.ts`: what no report may hold as it is, C0 but for ends of lines, C1 and bidirectional overrides among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COMMANDS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const MARKUP = /<script>alert|<img src=x/;
const STACK = /^ +at .*:\d+:\d+\)?$/m;

export interface Ended {
  readonly code: number | null;
  readonly said: string;
  /** Of our own processes, at most. */
  readonly mostBytes: number;
  /** After ten seconds: processes of the run that still live. */
  readonly left: readonly number[];
  /** Each report by its name. */
  readonly reports: ReadonlyMap<string, string>;
}

/** The command line of a program below `hostile/`, with its argument. */
export function commandOf(program: string): string {
  const [file = '', argument = ''] = program.split(' ');
  return `"${process.execPath}" "${join(HOSTILE, `${file}.js`)}" ${argument}`.trim();
}

/** Runs Holdfast in a folder of its own, with `lines` for its prompt, until it ends. */
export async function runHoldfast(
  args: readonly string[],
  { lines, files = {} }: { readonly lines?: string; readonly files?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-hostile-'));
  const mark = `HOSTILE_RUN=${folder}`;
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, HOSTILE_RUN: folder },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => {}).end(lines ?? '');
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    let mostBytes = 0;
    using _watching = every(500, () => {
      mostBytes = Math.max(mostBytes, ownBytes(child.pid ?? 0));
    });
    const [code] = (await once(child, 'close')) as [number | null];
    await waitFor(() => left(mark).length === 0 || undefined, GONE_MS);
    return { code, said, mostBytes, left: left(mark), reports: reportsIn(join(folder, 'results')) };
  } finally {
    for (const pid of left(mark)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What holds of every run: it stays small, ends in order, leaves nothing, and tells nothing that a terminal, a browser or GitHub would obey. */
export function expectSafe({ code, said, mostBytes, left, reports }: Ended): void {
  expect([0, 1, 2, 3]).toContain(code);
  expect(said).not.toMatch(STACK);
  expect(said).not.toMatch(COMMANDS);
  expect(said).not.toMatch(/^::/m);
  expect(mostBytes).toBeGreaterThan(0);
  expect(mostBytes).toBeLessThan(MOST_BYTES);
  expect(left).toEqual([]);
  for (const [name, text] of reports) {
    expect([name, COMMANDS.exec(text)]).toEqual([name, null]);
    if (/\.(html|md|xml)$/.test(name)) expect([name, MARKUP.exec(text)]).toEqual([name, null]);
  }
}

/** Of `<results>/<target>/latest`. */
function reportsIn(results: string): Map<string, string> {
  const reports = new Map<string, string>();
  try {
    // Beside the folder of the target stands an index of all.
    for (const target of readdirSync(results).filter((name) => !name.endsWith('.html'))) {
      const latest = join(results, target, 'latest');
      for (const name of readdirSync(latest)) reports.set(name, readFileSync(join(latest, name), 'utf8'));
    }
  } catch {
    // It was refused before it had any.
  }
  return reports;
}

/**
 * Memory of our own processes: what several share counts once (PSS), since each of seven Node processes has the same 45 MB of code. The
 * target and what it started are not ours.
 */
function ownBytes(root: number): number {
  const table = processTable();
  let kilobytes = 0;
  for (let ours = [root]; ours.length > 0; ) {
    for (const pid of ours) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
    ours = [...table].flatMap(([pid, { parent }]) =>
      ours.includes(parent) && !read(`/proc/${pid}/cmdline`).includes(HOSTILE) ? [pid] : [],
    );
  }
  return kilobytes * 1024;
}

function left(mark: string): number[] {
  return [...processTable().keys()].filter((pid) => pid !== process.pid && environmentHolds(pid, mark));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
