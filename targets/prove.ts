/**
 * `npm run prove`: every check on its three subjects, on the real and the embedded Toxiproxy where one is in its path, as a table
 * (docs/proof.md). Exit code 1 where something is not as it must be.
 *
 *   --only ID,..       these checks alone; the other rows of the page stay
 *   --all              each subject meets every check of its protocol, about 40 s a subject
 *   --engine E         toxiproxy or embedded alone
 *   --engines          the resilient pairs and the lossy clients on docker, toxiproxy and embedded (engines.ts); --protocol P alone
 *   --published        the programs of docs/confirmed.md against their recorded truth, unscaled, `--beside N` at once (published.ts)
 *   --stability N      the resilient pairs N times on a machine under load (stability.ts)
 *   --interrupt N      N runs killed at random moments: nothing is left, nothing is lost (interrupt.ts)
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadCatalog } from '../harness/catalog.js';
import type { Run } from '../harness/contract.js';
import { findRealServer } from '../harness/toxiproxy/find.js';
import { compareEngines } from './engines.js';
import { hasToxiproxyInPath } from './in-path.js';
import { proveInterruptions } from './interrupt.js';
import { type Engine, ProofTable } from './proof-table.js';
import { formProof, subjectProof } from './proofs.js';
import { provePublished } from './published.js';
import { nameOf, RESILIENT, type Resilient } from './resilient.js';
import { proveSideBySide } from './side-by-side.js';
import { measureStability } from './stability.js';
import { aimsOf, subjects } from './subjects.js';

const PAGE = join(__dirname, '../../docs/proof.md');
const { checks } = loadCatalog();
const say = (text: string) => void process.stderr.write(`${text}\n`);

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    all: { type: 'boolean', default: false },
    engine: { type: 'string' },
    engines: { type: 'boolean', default: false },
    published: { type: 'boolean', default: false },
    lab: { type: 'string' },
    beside: { type: 'string' },
    stability: { type: 'string' },
    interrupt: { type: 'string' },
    seed: { type: 'string' },
    protocol: { type: 'string' },
    full: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const only = values.only?.split(',');
  if (values.engines) return compareEngines(values.protocol);
  if (values.published) {
    const beside = values.beside === undefined ? undefined : Number(values.beside);
    return provePublished({ names: only, lab: values.lab, beside });
  }
  if (values.interrupt !== undefined) {
    return proveInterruptions(Number(values.interrupt), values.seed === undefined ? undefined : Number(values.seed));
  }
  if (values.stability !== undefined) {
    const { protocol, full, all } = values;
    return measureStability({ times: Number(values.stability), protocol, full, all, only });
  }
  return proveChecks(only, values.all, enginesOf(values.engine));
}

function enginesOf(asked: string | undefined): Engine[] {
  if (asked === 'toxiproxy' || asked === 'embedded') return [asked];
  if (asked !== undefined) throw new Error(`--engine ${asked} is neither toxiproxy nor embedded`);
  if (process.env.TOXIPROXY_URL || findRealServer()) return ['toxiproxy', 'embedded'];
  say('no toxiproxy-server on the PATH and no TOXIPROXY_URL: the embedded one alone');
  return ['embedded'];
}

async function proveChecks(only: string[] | undefined, all: boolean, engines: readonly Engine[]): Promise<number> {
  const ids = [...new Set(checks.map(({ id }) => id))].filter((id) => only?.includes(id) ?? true);
  const unknown = only?.filter((id) => !ids.includes(id)) ?? [];
  if (unknown.length > 0) throw new Error(`there is no check ${unknown.join(', ')}`);
  const inPath = new Set(ids.filter(hasToxiproxyInPath));
  const table = new ProofTable(ids, (id) => inPath.has(id));
  const results = mkdtempSync(join(tmpdir(), 'holdfast-proof-'));
  const wrong: string[] = [];
  try {
    for (const [round, engine] of engines.entries()) {
      // What has no Toxiproxy in its path is the same on the second one.
      const asked = round === 0 ? ids : ids.filter((id) => inPath.has(id));
      const found = await proveOn(engine, asked, { table, results, all });
      wrong.push(...found.map((what) => (engines.length > 1 ? `${engine}: ${what}` : what)));
    }
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
  wrong.push(...table.missing());
  const page = table.written(readFileSync(PAGE, 'utf8'), checks, wrong);
  writeFileSync(PAGE, page);
  for (const what of wrong) say(`not as it must be: ${what}`);
  process.stdout.write(`${ids.length} checks on ${engines.join(' and ')}: ${wrong.length} not as they must be\n`);
  return wrong.length === 0 ? 0 : 1;
}

interface Proving {
  readonly table: ProofTable;
  readonly results: string;
  readonly all: boolean;
}

async function proveOn(engine: Engine, ids: readonly string[], { table, results, all }: Proving): Promise<string[]> {
  const wrong: string[] = [];
  const words = ['--engine', engine];
  const forms = RESILIENT.flatMap((form) => {
    const asked = asksOf(form).filter((id) => ids.includes(id));
    if (asked.length === 0) return [];
    const file = nameOf(form);
    return formProof(form, {
      results,
      words: [...words, '--only', asked.join(',')],
      onRun(run) {
        for (const id of asked) {
          const outcome = outcomeOf(run, id);
          // Another form of it meets what this one lacks.
          if (outcome !== 'skipped' && outcome !== undefined)
            table.add(id, { kind: 'resilient', file, engine, outcome });
        }
      },
    });
  });
  const wanted = subjects().filter((subject) => aimsOf(subject).some((id) => ids.includes(id)));
  const others = wanted.map((subject) =>
    subjectProof(subject, {
      results,
      words,
      all,
      onRun(run) {
        for (const id of aimsOf(subject)) {
          const { kind, file, meta } = subject;
          const trick = kind === 'tricky' ? { trick: subject.meta.trick } : {};
          table.add(id, { kind, ...trick, file, engine, outcome: outcomeOf(run, id, meta.role) ?? 'no verdict' });
        }
      },
    }),
  );
  await proveSideBySide([...forms, ...others], {
    onProof(name, found) {
      wrong.push(...found.map((what) => `${name}: ${what}`));
      say(`${name}: ${found.length === 0 ? 'as it must be' : found.join('; ')}`);
    },
    onAgain: (name, found) => say(`${name}: is tried once more, since: ${found.join('; ')}`),
  });
  return wrong;
}

function asksOf({ protocol, aims }: Resilient): readonly string[] {
  return aims ?? checks.map(({ id }) => id).filter((id) => id.startsWith(`${protocol}/`));
}

/** Of a system's client the check may be one of its server. */
function outcomeOf({ verdicts }: Run, id: string, role?: 'client' | 'server') {
  const told = verdicts.filter(({ check }) => check === id);
  return (told.find((verdict) => verdict.role === role) ?? told[0])?.outcome;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
