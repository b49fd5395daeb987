/** The programs that checks are proven on, and what each must come to: found by folder, run by `proof.ts` and `proof.test.ts`. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import type { Run, Verdict } from '../harness/contract.js';
import { startAtUrl } from './at-url.js';
import { type FlawMeta, LOGIN, type TrickyMeta } from './program.js';

export type Subject =
  | { readonly kind: 'flawed'; readonly file: string; readonly meta: FlawMeta }
  | { readonly kind: 'tricky'; readonly file: string; readonly meta: TrickyMeta };

/** What a run of a subject shows against it; empty where it is as it must be. */
export interface Proof {
  readonly run: Run;
  readonly wrong: readonly string[];
}

const MAIN = join(__dirname, '../harness/cli/main.js');
/** What only a config may say of the bundled servers. */
const BUNDLED = join(__dirname, '../../targets/bundled.json');
const ROLES = {
  server: {
    file: 'websocket-server.js',
    words: [
      ...['--resume', '?last={id}', '--quiet-env', 'QUIET=1', '--pressure-env', 'PRESSURE=1'],
      ...['bundled', '--config', BUNDLED],
      ...['--metrics-url', 'http://127.0.0.1:{port}/metrics'],
    ],
  },
  client: {
    file: 'websocket-client.js',
    words: ['--sequence', 'seq', '--resume', '?last={id}', '--pressure-env', 'PRESSURE=1'],
  },
} as const;
/** Windows of the proofs; the resilient pair also runs in its real ones. */
export const SCALE = '0.2';
const { checks, scenarios } = loadCatalog();
/** Subjects whose scenarios only wait, and leave the cores to each other. */
const BESIDE = 4;

export function subjects(): Subject[] {
  return (['flawed', 'tricky'] as const).flatMap((kind) =>
    readdirSync(join(__dirname, kind))
      .filter((name) => name.endsWith('.js'))
      .map((name) => {
        const { meta } = require(join(__dirname, kind, name)) as { meta: never };
        return { kind, file: `${kind}/${name}`, meta } as Subject;
      }),
  );
}

/** The checks that a subject must fail or pass. */
export function aimsOf({ kind, meta }: Subject): readonly string[] {
  return kind === 'flawed' ? [meta.trips] : meta.fine;
}

/** Runs one subject. Without `all`, only the checks that read the same scenarios: what else could be tripped by mistake. */
async function prove(subject: Subject, results: string, all = false): Promise<Proof> {
  const { file, meta } = subject;
  await using running = meta.at === undefined ? undefined : await startAtUrl(join(__dirname, file), meta.at);
  const run = await check(
    [
      ...(running ? [running.url] : program(subject)),
      '--scale',
      SCALE,
      ...(subject.meta.words ?? []),
      ...(all ? [] : neighbours(aimsOf(subject))),
    ],
    results,
  );
  return { run, wrong: subject.kind === 'flawed' ? wrongFlaw(run, subject.meta) : wrongTrick(run, subject.meta) };
}

export type Proven = (subject: Subject, proof: Proof) => void;

/**
 * Proves all of them: those that only wait side by side, those that load the machine or compare delays alone. What comes
 * out wrong is tried once more, alone and last, since a busy machine may make a verdict inconclusive; `onAgain` is told.
 */
export async function proveAll(
  list: readonly Subject[],
  results: string,
  { all = false, onProof, onAgain }: { readonly all?: boolean; readonly onProof: Proven; readonly onAgain: Proven },
): Promise<void> {
  const again: Subject[] = [];
  const first = async (subject: Subject) => {
    const proof = await prove(subject, results, all);
    if (proof.wrong.length === 0) return onProof(subject, proof);
    onAgain(subject, proof);
    again.push(subject);
  };
  const calm = list.filter((subject) => !all && onlyWaits(subject)).values();
  const inTurn = async () => {
    for (const subject of calm) await first(subject);
  };
  await Promise.all(Array.from({ length: BESIDE }, inTurn));
  for (const subject of list) if (all || !onlyWaits(subject)) await first(subject);
  for (const subject of again) onProof(subject, await prove(subject, results, all));
}

function onlyWaits(subject: Subject): boolean {
  const near = nearTo(aimsOf(subject));
  const read = scenarios.filter(({ id, recordsAs }) => near.some(({ scenario }) => scenario === (recordsAs ?? id)));
  return read.every(({ lane, timingMs }) => lane === 'quiet' && timingMs === undefined);
}

function wrongFlaw({ verdicts }: Run, meta: FlawMeta): string[] {
  const allowed = new Set([
    meta.trips,
    ...(meta.implies ?? []),
    ...(checks.find(({ id }) => id === meta.trips)?.implies ?? []),
  ]);
  // Of a check that only one role has, that one: a client may spoil what is asked of the server of their system.
  const tripped = verdicts.filter(({ check: id }) => id === meta.trips);
  const aimed = tripped.find(({ role }) => role === meta.role) ?? tripped[0];
  return [
    ...(aimed?.outcome === 'fail' ? [] : [`does not fail ${meta.trips}: ${aimed ? told(aimed) : 'no verdict'}`]),
    ...verdicts
      .filter(({ outcome, check: id }) => outcome === 'fail' && !allowed.has(id))
      .map((verdict) => `also fails ${told(verdict)}`),
  ];
}

function wrongTrick({ verdicts }: Run, meta: TrickyMeta): string[] {
  return verdicts
    .filter(({ outcome, check: id }) => outcome === 'fail' || (meta.fine.includes(id) && outcome !== 'pass'))
    .map((verdict) => `${verdict.outcome}: ${told(verdict)}`);
}

function told({ check: id, actual, reason }: Verdict): string {
  return `${id}: ${actual || reason}`;
}

interface Resilient {
  readonly roles: readonly ('server' | 'client')[];
  readonly words: readonly string[];
  /** Only these checks; all where there are none named. */
  readonly aims?: readonly string[];
}

/** The resilient programs as they are proven: each alone, both together, and the server where it asks for a token. */
export const RESILIENT: readonly Resilient[] = [
  { roles: ['server'], words: [] },
  { roles: ['client'], words: [] },
  { roles: ['server', 'client'], words: [] },
  { roles: ['client'], words: ['--delivery', 'latest'], aims: ['websocket/stale-after-reconnect'] },
  {
    roles: ['server'],
    words: LOGIN,
    aims: ['websocket/late-auth', 'websocket/auth-window', 'websocket/outlives-token'],
  },
];

/** The resilient programs of these roles, on every check. */
export function checkResilient(roles: readonly ('server' | 'client')[], results: string, more: readonly string[]) {
  return check([...roles.flatMap((role) => command(role, ROLES[role].file)), ...more], results);
}

function program({ file, meta }: Subject): string[] {
  const other = meta.role === 'server' ? 'client' : 'server';
  return [...command(meta.role, file), ...(meta.system ? command(other, ROLES[other].file) : [])];
}

function command(role: 'server' | 'client', file: string): string[] {
  return [`--${role}`, `"${process.execPath}" "${join(__dirname, file)}"`, ...ROLES[role].words];
}

function neighbours(aims: readonly string[]): string[] {
  return ['--only', [...new Set([...aims, ...nearTo(aims).map(({ id }) => id)])].join(',')];
}

/** The checks that read the same scenarios, and those that these need. */
function nearTo(aims: readonly string[]) {
  const own = checks.filter(({ id }) => aims.includes(id));
  return checks.filter(
    (one) => own.some(({ scenario }) => scenario === one.scenario) || own.some(({ needs }) => needs?.includes(one.id)),
  );
}

function check(words: readonly string[], results: string): Promise<Run> {
  const usual = ['--protocol', 'websocket', '--path', '/feed', '--json', '--seed', '7', '--results', results];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, 'check', ...usual, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    // Interrupted, it heals and ends what it started.
    const interrupt = () => void child.kill('SIGINT');
    process.once('exit', interrupt);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => {
      process.off('exit', interrupt);
      try {
        resolve(JSON.parse(out) as Run);
      } catch {
        reject(new Error(`exit ${code}: ${err}`));
      }
    });
  });
}
