/** The flawed and tricky programs, found by folder, and what each must come to. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import type { Run, Verdict } from '../harness/contract.js';
import { startAtUrl } from './at-url.js';
import { check, command, PROGRAMS, type Protocol, SCALE } from './checked.js';
import type { FlawMeta, TrickyMeta } from './program.js';

/** Its protocol is the folder it lies in. */
export type Subject = { readonly protocol: Protocol; readonly file: string } & (
  | { readonly kind: 'flawed'; readonly meta: FlawMeta }
  | { readonly kind: 'tricky'; readonly meta: TrickyMeta }
);

/** What a run of a subject shows against it; empty where it is as it must be. */
export interface Proof {
  readonly run: Run;
  readonly wrong: readonly string[];
}

const { checks } = loadCatalog();

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

function program({ protocol, file, meta }: Subject): string[] {
  const other = meta.role === 'server' ? 'client' : 'server';
  return [
    ...command(protocol, meta.role, file),
    ...(meta.system ? command(protocol, other, PROGRAMS[protocol][other].file) : []),
  ];
}

function neighbours(aims: readonly string[]): string[] {
  return ['--only', [...new Set([...aims, ...nearTo(aims).map(({ id }) => id)])].join(',')];
}

/** The checks of the same protocol that read the same scenarios, and those that these need. */
export function nearTo(aims: readonly string[]) {
  const own = checks.filter(({ id }) => aims.includes(id));
  const protocols = new Set(own.map(({ id }) => id.split('/')[0]));
  return checks.filter(
    (one) =>
      protocols.has(one.id.split('/')[0]) &&
      (own.some(({ scenario }) => scenario === one.scenario) || own.some(({ needs }) => needs?.includes(one.id))),
  );
}
