/** One run that is killed, or whose disk fills, at a moment drawn from a seed, and what is left of it: for interrupt.ts and its test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../harness/clock.js';
import type { HistoryEvent, Run } from '../harness/contract.js';
import { messageOf } from '../harness/errors.js';
import { createToxiproxyClient } from '../harness/path/toxiproxy.js';
import { createRandom, type Random } from '../harness/random.js';
import { commandLine, environmentHolds, processTable, withDescendants } from '../harness/target/process-table.js';
import { reaperFor } from '../harness/target/reaper.js';
import { listenerOf, listeningPorts } from '../harness/target/sockets.js';

export const KINDS = [
  'SIGINT to the harness',
  'SIGTERM to the harness',
  'SIGKILL of the harness',
  'SIGKILL of the harness and its reapers',
  'SIGKILL of a worker',
  'SIGKILL of Toxiproxy',
  'SIGKILL of the target',
  'full disk',
] as const;
export type Kind = (typeof KINDS)[number];

export interface Interruption {
  readonly kind: Kind;
  /** Where the run was. */
  readonly phase: Moment;
  /** What should not be so; empty where all is well. */
  readonly wrong: readonly string[];
}

const MAIN = join(__dirname, '../harness/cli/main.js');
const NAME = 'HOLDFAST_INTERRUPTED';
const SCALE = '0.1';
export const PHASES = ['before it', 'preflight', 'baseline', 'fault', 'recovery', 'judged'] as const;
export type Moment = (typeof PHASES)[number];
/** How far into a phase it may strike, at that scale: reports are written in a tenth of a second. */
const WITHIN_MS = 1500;
const WITHIN_JUDGED_MS = 100;
const END_MS = 90_000;
const GONE_MS = 40_000;
const at = (file: string) => `node ${join(__dirname, file)}`;
/** One scenario that disturbs by Toxiproxy, one that stops the server, one of clients. */
const RUNS = [
  {
    words: ['--protocol', 'websocket', '--path', '/feed', '--resume', '?last={id}', '--sequence', 'seq'],
    programs: ['--server', at('websocket-server.js'), '--client', at('websocket-client.js')],
    only: 'no-replay,drops-on-spike,abrupt-shutdown,no-reconnect',
  },
  {
    words: ['--protocol', 'sse', '--path', '/feed'],
    programs: ['--server', at('sse-server.js'), '--client', at('sse-client.js')],
    only: 'no-replay,drops-on-spike,abrupt-shutdown,no-reconnect',
  },
  {
    words: [
      ...['--protocol', 'grpc', '--method', 'holdfast.feed.v1.Feed/Subscribe', '--resume', '{"after":"{id}"}'],
      ...['--proto', join(__dirname, 'feed.proto')],
    ],
    programs: ['--server', at('grpc-server.js'), '--client', at('grpc-client.js')],
    only: 'no-replay,drops-on-spike,abrupt-shutdown,no-reconnect',
  },
] as const;

/** `toxiproxyUrl`: a server that outlives the run; half of the runs work on it. */
export async function interrupt(kind: Kind, seed: number, toxiproxyUrl: string | undefined): Promise<Interruption> {
  const random = createRandom(seed, kind);
  const folder = mkdtempSync(join(tmpdir(), 'interrupted-'));
  for (const name of ['tmp', 'results']) mkdirSync(join(folder, name));
  const results = join(folder, 'results');
  const disk = kind === 'full disk' ? smallDisk(results, random.integer(8, 400)) : undefined;
  const engine = kind === 'SIGKILL of Toxiproxy' || random.integer(0, 1) === 0 ? undefined : toxiproxyUrl;
  const started = start(random, folder, engine);
  const { child, mark } = started;
  const before = await strike(kind, child, mark, results, random);
  await waitFor(() => child.exitCode !== null || child.signalCode !== null, END_MS);
  const wrong: string[] = [];
  if (child.exitCode === null && child.signalCode === null) wrong.push(`still runs after ${END_MS} ms`);
  else wrong.push(...wrongExit(kind, child, started.said(), before.phase));
  const environment = { ...process.env, TMPDIR: join(folder, 'tmp'), TOXIPROXY_URL: engine ?? '' };
  if (kind === 'SIGKILL of the harness and its reapers') await holdfast(['doctor', '--clean'], environment);
  wrong.push(...(await leftBehind(mark, before, join(folder, 'tmp'), engine)));
  wrong.push(...(await wrongHistory(kind, results, environment)));
  // What was told or saved is looked at by whoever has to find out why.
  if (wrong.length > 0) wrong.push(`kept in ${folder}: ${started.said().trim().split('\n').slice(-3).join(' | ')}`);
  if (disk && wrong.length > 0) cpSync(results, join(folder, 'of-the-disk'), { recursive: true });
  disk?.[Symbol.dispose]();
  if (wrong.length === 0) rmSync(folder, { recursive: true, force: true });
  return { kind, phase: before.phase, wrong };
}

function start(random: Random, folder: string, engine: string | undefined) {
  const run = RUNS[random.integer(0, RUNS.length - 1)] ?? RUNS[0];
  const mark = `${random.token(8)}-${process.hrtime.bigint()}`;
  const only = run.only.split(',').map((id) => `${run.words[1]}/${id}`);
  const child = spawn(
    process.execPath,
    [
      ...[MAIN, 'check', ...run.programs, ...run.words, '--only', only.join(','), '--scale', SCALE, '--copies', '2'],
      ...['--results', join(folder, 'results'), '--reporter', 'terminal,html,json,trace'],
      ...(engine === undefined ? [] : ['--engine', engine]),
    ],
    {
      env: { ...process.env, [NAME]: mark, TMPDIR: join(folder, 'tmp'), TOXIPROXY_URL: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return { child, mark, said: () => said };
}

interface Before {
  readonly phase: Moment;
  readonly family: ReadonlySet<number>;
  readonly ports: readonly number[];
}

/** Strikes in the phase that was drawn, or as soon after it as what is to be killed is there. */
async function strike(kind: Kind, child: ChildProcess, mark: string, results: string, random: Random): Promise<Before> {
  const drawn = random.integer(0, PHASES.length - 1);
  await waitFor(() => child.exitCode !== null || PHASES.indexOf(phaseOf(results)) >= drawn, END_MS, { stepMs: 25 });
  const within = PHASES[drawn] === 'judged' ? WITHIN_JUDGED_MS : WITHIN_MS;
  await waitFor(() => child.exitCode !== null, random.integer(0, within), { stepMs: 5 });
  const victims = () => {
    const marked = markedBy(mark);
    const named = (text: RegExp) => marked.filter((pid) => text.test(commandLine(pid)));
    if (kind === 'SIGKILL of a worker') return named(/worker\.js/);
    if (kind === 'SIGKILL of Toxiproxy') return named(/toxiproxy-server|serve\.js/);
    if (kind === 'SIGKILL of the target') return named(/^\S*node \S*targets\/\w+-(?:server|client)\.js/);
    return child.pid === undefined ? [] : [child.pid];
  };
  await waitFor(() => victims().length > 0 || child.exitCode !== null, END_MS);
  const marked = markedBy(mark);
  const family = withDescendants(processTable(), marked);
  const before = { phase: phaseOf(results), family, ports: listeningPorts([...family]) };
  const found = victims();
  const victim = found[random.integer(0, found.length - 1)];
  if (kind === 'full disk' || victim === undefined) return before;
  if (kind === 'SIGKILL of the harness and its reapers') {
    const reapers = [...family].filter((pid) => reaperFor(pid) !== undefined);
    const workers = marked.filter((pid) => /worker\.js/.test(commandLine(pid)));
    for (const pid of [...reapers, ...workers, victim]) kill(pid, 'SIGKILL');
  } else kill(victim, kind.startsWith('SIGKILL') ? 'SIGKILL' : kind === 'SIGINT to the harness' ? 'SIGINT' : 'SIGTERM');
  return before;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in between.
  }
}

function wrongExit(kind: Kind, { exitCode, signalCode }: ChildProcess, said: string, phase: Moment): string[] {
  const wrong = /\n\s+at .*:\d+:\d+|error of Holdfast's own/.test(said) ? ['an error of our own, or a stack'] : [];
  const ended = `ended with ${signalCode ?? exitCode}`;
  if (kind.startsWith('SIGKILL of the harness')) return wrong;
  if (kind === 'full disk') {
    if (exitCode === 3 && !/ENOSPC/.test(said)) wrong.push('exit 3 without naming ENOSPC');
    return [0, 2, 3].includes(exitCode ?? -1) ? wrong : [...wrong, ended];
  }
  if (kind.startsWith('SIG') && kind.endsWith('to the harness')) {
    // Node dies of it before our first line has run, and after the last one there is nothing to interrupt.
    const early = signalCode !== null && phase === 'before it';
    const late = phase === 'judged' && [0, 2].includes(exitCode ?? -1);
    return exitCode === 130 || early || late ? wrong : [...wrong, ended];
  }
  return [0, 1, 2, 3].includes(exitCode ?? -1) ? wrong : [...wrong, ended];
}

async function leftBehind(mark: string, before: Before, temporary: string, engine: string | undefined) {
  const living = () => [...new Set([...markedBy(mark), ...before.family])].filter((pid) => processTable().has(pid));
  // Behind a call that waits for a stalled receiver the real server answers nothing for up to 25 s.
  const proxies = async () =>
    engine === undefined
      ? []
      : await createToxiproxyClient(engine)
          .proxyNames()
          .catch((error) => [messageOf(error)]);
  await waitFor(async () => living().length + readdirSync(temporary).length + (await proxies()).length === 0, GONE_MS, {
    stepMs: 100,
  });
  // Another run on this machine may have been given the same port since.
  const isOurs = (pid: number) => before.family.has(pid) || environmentHolds(pid, `${NAME}=${mark}`);
  const listening = before.ports.filter((port) => listenerOf(port)?.owners.some(isOurs));
  return [
    ...living().map((pid) => `left process ${pid} (${commandLine(pid)})`),
    ...readdirSync(temporary).map((name) => `left temporary ${name}`),
    ...(await proxies()).map((name) => `left proxy ${name}`),
    ...listening.map((port) => `left port ${port}`),
  ];
}

/** The history up to then is whole, and what is judged by it is no false alarm. */
async function wrongHistory(kind: Kind, results: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const directory = runFolder(results);
  if (directory === undefined || !existsSync(join(directory, 'history.jsonl'))) return [];
  const lines = readFileSync(join(directory, 'history.jsonl'), 'utf8').split('\n');
  // The last one may be cut off, or is empty.
  const seqs = lines.slice(0, -1).map((line) => (JSON.parse(line) as HistoryEvent).seq);
  const wrong = seqs.every((seq, i) => seq === i + 1) ? [] : ['the history has a gap'];
  const { code, stdout, stderr } = await holdfast(['judge', directory, '--json'], environment);
  if (![0, 1, 2].includes(code ?? -1)) return [...wrong, `holdfast judge exits with ${code}: ${stderr.trim()}`];
  const { verdicts } = JSON.parse(stdout) as Run;
  // Whoever kills the target makes it end by itself, which is a failing of some checks.
  const failed = kind === 'SIGKILL of the target' ? [] : verdicts.filter(({ outcome }) => outcome === 'fail');
  return [...wrong, ...failed.map(({ check, actual }) => `a false alarm: ${check}: ${actual}`)];
}

function phaseOf(results: string): Moment {
  const directory = runFolder(results);
  if (directory === undefined || !existsSync(join(directory, 'history.jsonl'))) return 'before it';
  if (existsSync(join(directory, 'run.json'))) return 'judged';
  const phases = readFileSync(join(directory, 'history.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes('"type":"phase"'))
    .map((line) => JSON.parse(line) as Extract<HistoryEvent, { type: 'phase' }>)
    .filter(({ scenario, phase }) => scenario !== 'self-check' && scenario !== 'preflight' && phase !== 'done');
  const phase = phases.at(-1)?.phase;
  return phase === undefined || phase === 'done' ? 'preflight' : phase;
}

function runFolder(results: string): string | undefined {
  const [target] = readdirSync(results, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (!target) return undefined;
  const [stamp] = readdirSync(join(results, target.name)).filter((name) => name !== 'latest');
  return stamp === undefined ? undefined : join(results, target.name, stamp);
}

function markedBy(mark: string): number[] {
  return [...processTable().keys()].filter((pid) => pid !== process.pid && environmentHolds(pid, `${NAME}=${mark}`));
}

async function holdfast(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Whether this machine lets us mount; a reason where it does not. */
export function whyNoSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'interrupted-'));
  try {
    smallDisk(folder, 4)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${String(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function smallDisk(folder: string, sizeKib: number): Disposable {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'holdfast-small-disk', folder], { stdio: 'pipe' });
  return {
    [Symbol.dispose]() {
      execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' });
    },
  };
}
