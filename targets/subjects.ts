/** The programs that checks are proven on, and what each must come to: found by folder, run by `prove.ts` and `prove.test.ts`. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import type { Run, Verdict } from '../harness/contract.js';
import { startAtUrl, startBehindTls } from './at-url.js';
import { CHAT, type FlawMeta, GRPC_LOGIN, LOGIN, ORDERS, type Scheme, type TrickyMeta, UPLOADS } from './program.js';

/** Its protocol is the folder it lies in. */
export type Subject = { readonly protocol: Protocol; readonly file: string } & (
  | { readonly kind: 'flawed'; readonly meta: FlawMeta }
  | { readonly kind: 'tricky'; readonly meta: TrickyMeta }
);

export type Protocol = keyof typeof PROGRAMS;
export type Role = 'server' | 'client';

/** What a run of a subject shows against it; empty where it is as it must be. */
export interface Proof {
  readonly run: Run;
  readonly wrong: readonly string[];
}

const MAIN = join(__dirname, '../harness/cli/main.js');
/** What only a config may say of the bundled servers. */
const BUNDLED = join(__dirname, '../../targets/bundled.json');
/** The resilient programs of each protocol, and what is said of them and of all that are made from them. */
const PROGRAMS = {
  websocket: {
    words: ['--path', '/feed'],
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
  },
  sse: {
    words: ['--path', '/feed'],
    server: {
      file: 'sse-server.js',
      words: [
        ...['--quiet-env', 'QUIET=1', '--pressure-env', 'PRESSURE=1', 'bundled-sse', '--config', BUNDLED],
        ...['--metrics-url', 'http://127.0.0.1:{port}/metrics'],
      ],
    },
    client: { file: 'sse-client.js', words: [] },
  },
  grpc: {
    words: ['--proto', join(__dirname, 'feed.proto'), '--method', 'holdfast.feed.v1.Feed/Subscribe'],
    server: {
      file: 'grpc-server.js',
      words: [
        ...['--resume', '{"after":"{id}"}', '--quiet-env', 'QUIET=1', '--pressure-env', 'PRESSURE=1'],
        ...['bundled-grpc', '--config', BUNDLED],
        ...['--metrics-url', 'http://127.0.0.1:{port}/metrics'],
      ],
    },
    client: { file: 'grpc-client.js', words: ['--resume', '{"after":"{id}"}'] },
  },
} as const;
/** Windows of the proofs; the resilient pair also runs in its real ones. */
export const SCALE = '0.2';
const { checks, scenarios } = loadCatalog();
/** How many subjects may run side by side: scenarios that mostly wait leave the cores to each other, those that compare delays half of them. */
const BESIDE = { waits: 6, compares: 2, works: 1 } as const;
/** They keep a core or the memory busy. The rest of the busy lane must only not be beside a comparison of delays. */
const WORKING = new Set(['pressure', 'unread', 'storm', 'one-connection', 'metrics']);

export function subjects(): Subject[] {
  return (['flawed', 'tricky'] as const).flatMap((kind) =>
    readdirSync(join(__dirname, kind)).flatMap((protocol) =>
      readdirSync(join(__dirname, kind, protocol))
        .filter((name) => name.endsWith('.js'))
        .map((name) => {
          const file = join(kind, protocol, name);
          const { meta } = require(join(__dirname, file)) as { meta: never };
          return { kind, protocol: protocol as Protocol, file, meta };
        }),
    ),
  );
}

/** The checks that a subject must fail or pass. */
export function aimsOf({ kind, meta }: Subject): readonly string[] {
  return kind === 'flawed' ? [meta.trips] : meta.fine;
}

/** Runs one subject. Without `all`, only the checks that read the same scenarios: what else could be tripped by mistake. */
export async function prove(
  subject: Subject,
  results: string,
  all = false,
  words: readonly string[] = [],
): Promise<Proof> {
  const { file, meta } = subject;
  await using running = meta.at === undefined ? undefined : await startAtUrl(join(__dirname, file), meta.at);
  const run = await check(
    subject.protocol,
    [
      ...(running?.words ?? program(subject)),
      '--scale',
      SCALE,
      ...(subject.meta.words ?? []),
      ...words,
      ...(all ? [] : neighbours(aimsOf(subject))),
    ],
    results,
  );
  return { run, wrong: subject.kind === 'flawed' ? wrongFlaw(run, subject.meta) : wrongTrick(run, subject.meta) };
}

export type Proven = (subject: Subject, proof: Proof) => void;

interface Proving {
  readonly all?: boolean;
  /** Further flags. */
  readonly words?: readonly string[];
  readonly onProof: Proven;
  readonly onAgain: Proven;
}

/**
 * Proves all of them: first those that mostly wait, then those that compare delays beside those that load the machine. What comes out
 * wrong is tried once more, alone and last, since a busy machine may make a verdict inconclusive; `onAgain` is told.
 */
export async function proveAll(
  list: readonly Subject[],
  results: string,
  { all = false, words = [], onProof, onAgain }: Proving,
): Promise<void> {
  const again: Subject[] = [];
  const first = async (subject: Subject) => {
    const proof = await prove(subject, results, all, words);
    if (proof.wrong.length === 0) return onProof(subject, proof);
    onAgain(subject, proof);
    again.push(subject);
  };
  const lane = async (load: keyof typeof BESIDE) => {
    const waiting = list.filter((subject) => (all ? 'works' : loadOf(subject)) === load).values();
    const inTurn = async () => {
      for (const subject of waiting) await first(subject);
    };
    await Promise.all(Array.from({ length: BESIDE[load] }, inTurn));
  };
  await lane('waits');
  await Promise.all([lane('compares'), lane('works')]);
  for (const subject of again) onProof(subject, await prove(subject, results, all, words));
}

function loadOf(subject: Subject): keyof typeof BESIDE {
  const near = nearTo(aimsOf(subject));
  const read = scenarios.filter(({ id, recordsAs }) => near.some(({ scenario }) => scenario === (recordsAs ?? id)));
  if (read.some(({ id }) => WORKING.has(id))) return 'works';
  return read.every(({ timingMs }) => timingMs === undefined) ? 'waits' : 'compares';
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

export interface Resilient {
  readonly protocol: Protocol;
  readonly roles: readonly Role[];
  readonly words: readonly string[];
  /** Checked by a URL of this scheme, at an address that is not loopback; wss and grpcs by TLS in front of it. */
  readonly at?: Scheme;
  /** Only these checks; all of the protocol where there are none named. */
  readonly aims?: readonly string[];
  /** In place of the usual client. */
  readonly client?: string;
}

/** The resilient programs as they are proven: each alone, both together, and the server where it asks for a token. */
export const RESILIENT: readonly Resilient[] = [
  { protocol: 'websocket', roles: ['server'], words: [] },
  { protocol: 'websocket', roles: ['client'], words: [] },
  { protocol: 'websocket', roles: ['server', 'client'], words: [] },
  {
    protocol: 'websocket',
    roles: ['client'],
    words: ['--delivery', 'latest'],
    aims: ['websocket/stale-after-reconnect'],
  },
  {
    protocol: 'websocket',
    roles: ['server'],
    words: LOGIN,
    aims: ['websocket/late-auth', 'websocket/auth-window', 'websocket/outlives-token'],
  },
  {
    protocol: 'websocket',
    roles: ['server'],
    at: 'wss',
    words: ['--i-own-this-target'],
    aims: ['websocket/insecure-transport'],
  },
  { protocol: 'sse', roles: ['server'], words: [] },
  { protocol: 'sse', roles: ['client'], words: [] },
  { protocol: 'sse', roles: ['server', 'client'], words: [] },
  { protocol: 'sse', roles: ['client'], words: ['--delivery', 'latest'], aims: ['sse/stale-after-reconnect'] },
  {
    protocol: 'sse',
    roles: ['server'],
    words: LOGIN,
    aims: ['sse/late-auth', 'sse/auth-window', 'sse/outlives-token'],
  },
  {
    protocol: 'sse',
    roles: ['server'],
    at: 'https',
    words: ['--i-own-this-target', '--insecure'],
    aims: ['sse/insecure-transport', 'sse/six-connections'],
  },
  {
    protocol: 'sse',
    roles: ['client'],
    client: 'token-client.js',
    words: CHAT,
    aims: ['sse/truncated-answer', 'sse/stalled-answer', 'sse/repeated-post'],
  },
  { protocol: 'grpc', roles: ['server'], words: [] },
  { protocol: 'grpc', roles: ['client'], words: [] },
  { protocol: 'grpc', roles: ['server', 'client'], words: [] },
  { protocol: 'grpc', roles: ['client'], words: ['--delivery', 'latest'], aims: ['grpc/stale-after-reconnect'] },
  {
    protocol: 'grpc',
    roles: ['server'],
    words: ['--method', 'holdfast.feed.v1.Feed/Talk', '--resume', 'none'],
    aims: ['grpc/no-message-limit'],
  },
  {
    protocol: 'grpc',
    roles: ['server'],
    words: ['--method', 'holdfast.feed.v1.Feed/Ask'],
    aims: ['grpc/unbounded-message'],
  },
  {
    protocol: 'grpc',
    roles: ['server'],
    at: 'grpcs',
    words: ['--i-own-this-target'],
    aims: ['grpc/insecure-transport'],
  },
  { protocol: 'grpc', roles: ['server'], words: ORDERS, aims: ['grpc/duplicate-execution'] },
  { protocol: 'grpc', roles: ['client'], words: UPLOADS, aims: ['grpc/unread-stream', 'grpc/unbounded-send-buffer'] },
  {
    protocol: 'grpc',
    roles: ['server'],
    words: GRPC_LOGIN,
    aims: ['grpc/late-auth', 'grpc/auth-window', 'grpc/outlives-token'],
  },
];

/** The resilient programs of these roles, on every check. */
export async function checkResilient(
  { protocol, roles, at, client }: Pick<Resilient, 'protocol' | 'roles' | 'at' | 'client'>,
  results: string,
  more: readonly string[],
): Promise<Run> {
  const files = { server: PROGRAMS[protocol].server.file, client: client ?? PROGRAMS[protocol].client.file };
  const file = join(__dirname, files.server);
  await using running =
    at === undefined ? undefined : await (isEnclosed(at) ? startBehindTls(file, at) : startAtUrl(file, at));
  const programs = roles.flatMap((role) => command(protocol, role, files[role]));
  return await check(protocol, [...(running ? running.words : programs), ...more], results);
}

/** `resilient websocket server+client --delivery latest`. */
export function nameOf({ protocol, roles, at, client, words }: Resilient): string {
  const named = [...(at === undefined ? [] : [`at ${at}`]), ...(client === undefined ? [] : [client]), ...words];
  return ['resilient', protocol, roles.join('+'), ...named].join(' ');
}

/** Its own servers speak no TLS. */
function isEnclosed(scheme: Scheme): scheme is 'wss' | 'grpcs' {
  return scheme === 'wss' || scheme === 'grpcs';
}

function program({ protocol, file, meta }: Subject): string[] {
  const other = meta.role === 'server' ? 'client' : 'server';
  return [
    ...command(protocol, meta.role, file),
    ...(meta.system ? command(protocol, other, PROGRAMS[protocol][other].file) : []),
  ];
}

function command(protocol: Protocol, role: Role, file: string): string[] {
  return [`--${role}`, `"${process.execPath}" "${join(__dirname, file)}"`, ...PROGRAMS[protocol][role].words];
}

function neighbours(aims: readonly string[]): string[] {
  return ['--only', [...new Set([...aims, ...nearTo(aims).map(({ id }) => id)])].join(',')];
}

/** The checks of the same protocol that read the same scenarios, and those that these need. */
function nearTo(aims: readonly string[]) {
  const own = checks.filter(({ id }) => aims.includes(id));
  const protocols = new Set(own.map(({ id }) => id.split('/')[0]));
  return checks.filter(
    (one) =>
      protocols.has(one.id.split('/')[0]) &&
      (own.some(({ scenario }) => scenario === one.scenario) || own.some(({ needs }) => needs?.includes(one.id))),
  );
}

function check(protocol: Protocol, words: readonly string[], results: string): Promise<Run> {
  const usual = ['--protocol', protocol, ...PROGRAMS[protocol].words, '--json', '--seed', '7', '--results', results];
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
