/**
 * `npm run prove -- --published [--only NAME,..] [--lab DIR] [--beside N]`: every program of docs/confirmed.md, installed from its
 * registry, judged in its real windows, N of them side by side, and held against the verdicts that were measured by other means
 * (docs/confirm/truth.json). One that is the opposite is red. What this machine cannot install is skipped with its reason.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Outcome, Run, Verdict } from '../harness/contract.js';
import { findProgram } from '../harness/programs.js';

interface Program {
  readonly name: string;
  readonly role: 'server' | 'client';
  readonly language: string;
  readonly package: string;
  readonly version: string;
  /** The program that a client must be checked with. */
  readonly server?: string;
}

/** By check: its outcome, or `unclear`, and the fact that it rests on. */
type Truth = Readonly<Record<string, { readonly outcome: string; readonly fact: string }>>;
type Tally = { same: number; opposite: number; undecided: number; skipped: number };

const ROOT = join(__dirname, '../..');
const CONFIRM = join(ROOT, 'docs/confirm');
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  JavaScript: ['npm'],
  Python: ['python3'],
  Go: ['go'],
  Rust: ['cargo'],
  Java: ['java', 'mvn'],
};
const INSTALL_MS = 15 * 60_000;
const DONE = '.installed';

export async function provePublished({
  names,
  lab = join(ROOT, '.cache/lab'),
  beside = 1,
}: {
  readonly names: readonly string[] | undefined;
  readonly lab: string | undefined;
  readonly beside: number | undefined;
}): Promise<number> {
  if (!Number.isInteger(beside) || beside < 1) throw new Error('--beside takes how many at once, 1 or more');
  const programs = read<Program[]>('programs.json');
  const truth = read<Record<string, Truth>>('truth.json');
  const explained = read<Record<string, string>>('explained.json');
  const unknown = names?.filter((name) => !programs.some((program) => program.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`docs/confirm/programs.json has no ${unknown.join(', ')}`);
  const wrong: string[] = [];
  const tally: Tally = { same: 0, opposite: 0, undecided: 0, skipped: 0 };
  let judged = 0;
  const installed = programs.filter((program) => {
    const { name } = program;
    if (names && !names.includes(name)) return false;
    const why = [program, ...programs.filter((one) => one.name === program.server)]
      .map((one) => notInstalled(one, lab))
      .find((reason) => reason !== undefined);
    if (why !== undefined) {
      tally.skipped += 1;
      print(`${name}: skipped, ${why}`);
    }
    return why === undefined;
  });
  const waiting = installed.values();
  const hold = async (program: Program): Promise<void> => {
    const { name } = program;
    const known = truth[name] ?? {};
    print(`${name}: judging ${Object.keys(known).length} verdicts in their real windows`);
    const run = await judge(program, Object.keys(known), lab);
    if (typeof run === 'string') {
      wrong.push(`${name}: could not be judged: ${run}`);
      return print(wrong.at(-1) ?? '');
    }
    judged += 1;
    const own = run.verdicts.filter(({ role }) => role === program.role);
    for (const verdict of own) {
      const id = verdict.check.split('/')[1] ?? '';
      const kind = compared(verdict.outcome, known[id]?.outcome);
      // Where the measurement itself was found wrong, the page says so.
      const isOurs = (explained[`${name} ${id}`] ?? explained[id])?.startsWith('Ours') ?? false;
      if (kind === undefined || (kind === 'opposite' && isOurs)) continue;
      tally[kind] += 1;
      if (kind === 'opposite')
        wrong.push(`${name}: ${told(verdict)}; by other means ${known[id]?.outcome}: ${known[id]?.fact}`);
      if (kind === 'undecided') print(`  ${name}: ${told(verdict)}; by other means ${known[id]?.outcome}`);
    }
    print(`${name}: ${own.length} verdicts, ${wrong.filter((what) => what.startsWith(`${name}: `)).length} wrong`);
  };
  const inTurn = async () => {
    for (const program of waiting) await hold(program);
  };
  await Promise.all(Array.from({ length: beside }, inTurn));
  for (const what of wrong) print(`wrong: ${what}`);
  print(
    `${judged} published programs judged, ${tally.skipped} skipped: ${tally.same} verdicts as measured, ${tally.undecided} that only one side decided, ${wrong.length} wrong`,
  );
  return wrong.length === 0 ? 0 : 1;
}

function compared(ours: Outcome, theirs: string | undefined): keyof Tally | undefined {
  const decided = (outcome: string) => outcome === 'pass' || outcome === 'fail';
  if (theirs === undefined || (!decided(ours) && !decided(theirs))) return undefined;
  if (ours === theirs) return 'same';
  return decided(ours) && decided(theirs) ? 'opposite' : 'undecided';
}

/** Undefined once it is there. */
function notInstalled({ name, language, package: source, version }: Program, lab: string): string | undefined {
  const folder = join(lab, name);
  const stamp = `${source} ${version}\n`;
  if (existsSync(join(folder, DONE)) && readFileSync(join(folder, DONE), 'utf8') === stamp) return undefined;
  const missing = (TOOLS[language] ?? []).filter((tool) => findProgram(tool) === undefined);
  if (missing.length > 0) return `there is no ${missing.join(' and no ')} on the PATH (${language})`;
  mkdirSync(lab, { recursive: true });
  print(`${name}: installing ${source} ${version}`);
  const setup = spawnSync('sh', [join(CONFIRM, 'programs', name, 'setup.sh'), resolve(folder)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: INSTALL_MS,
  });
  if (setup.status !== 0) return `could not be installed: ${lastLine(setup.stderr) || `exit ${setup.status}`}`;
  writeFileSync(join(folder, DONE), stamp);
  return undefined;
}

async function judge({ name }: Program, ids: readonly string[], lab: string): Promise<Run | string> {
  const results = join(lab, 'results');
  const only = ids.map((id) => `websocket/${id}`).join(',');
  const words = [join(CONFIRM, 'run.js'), lab, results, name, '--only', only];
  const { stdout } = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await text(stdout);
  const file = join(results, `${name}.json`);
  const saved = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return saved === '' ? lastLine(said) : (JSON.parse(saved) as Run);
}

function told({ check, outcome, actual, reason }: Verdict): string {
  return `${check} ${outcome}: ${actual || reason}`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(CONFIRM, file), 'utf8')) as T;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
