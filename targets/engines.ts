/** `npm run prove -- --engines`: the same programs on the real Toxiproxy in a container, beside us, and on the embedded one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import type { Run } from '../harness/contract.js';
import { SCALE } from './checked.js';
import { ENGINES, type EngineName, EnginesTable } from './engines-table.js';
import { hasToxiproxyInPath } from './in-path.js';
import { checkResilient, RESILIENT } from './resilient.js';
import { prove, subjects } from './subjects.js';

const PAGE = join(__dirname, '../../docs/containers.md');
const say = (text: string) => void process.stderr.write(`${text}\n`);

interface Compared {
  readonly name: string;
  readonly protocol: string;
  run(results: string, words: readonly string[]): Promise<Run>;
}

/** Exit code 1 where two engines give opposite verdicts. */
export async function compareEngines(protocol: string | undefined): Promise<number> {
  const all = [...pairs(), ...lossy()];
  const table = new EnginesTable(all.map(({ name }) => name));
  const results = mkdtempSync(join(tmpdir(), 'holdfast-engines-'));
  try {
    for (const subject of all.filter((one) => protocol === undefined || one.protocol === protocol)) {
      const runs = new Map<EngineName, Run>();
      for (const engine of ENGINES) runs.set(engine, await subject.run(results, ['--engine', engine]));
      const most = Math.max(...[...runs.values()].map(known));
      for (const [engine, first] of runs) {
        let run = first;
        // A busy machine keeps a verdict from being made, and a server from being heard before it is judged.
        if (known(first) < most || unknown(first).length > 0) {
          say(
            `${subject.name} on ${engine} is tried once more: ${most - known(first)} missing ${unknown(first).join('; ')}`,
          );
          run = await subject.run(results, ['--engine', engine]);
        }
        table.add(subject.name, engine, run);
        const { pass, fail, inconclusive } = run.summary;
        say(`${subject.name} on ${engine}: ${pass} pass, ${fail} fail, ${inconclusive} inconclusive`);
        for (const what of unknown(run)) say(`  ${what}`);
      }
      // At once: an interrupt loses no more than the subject that it meets.
      writeFileSync(PAGE, table.written(readFileSync(PAGE, 'utf8')));
    }
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
  const opposite = table.opposite();
  for (const what of opposite) say(`not as it must be: ${what}`);
  process.stdout.write(`${ENGINES.join(', ')}: ${opposite.length} verdicts are the opposite of another engine's\n`);
  return opposite.length === 0 ? 0 : 1;
}

function pairs(): Compared[] {
  return RESILIENT.filter(({ roles, aims }) => roles.length === 2 && aims === undefined).map((form) => {
    const asked = [...new Set(loadCatalog().checks.map(({ id }) => id))].filter(
      (id) => id.startsWith(`${form.protocol}/`) && hasToxiproxyInPath(id),
    );
    const own = ['--scale', SCALE, ...form.words, '--only', asked.join(',')];
    return {
      name: form.protocol,
      protocol: form.protocol,
      run: (results, words) => checkResilient(form, results, [...own, ...words]),
    };
  });
}

/** With that check and those that read the same scenario. */
function lossy(): Compared[] {
  return subjects()
    .filter(({ kind, meta }) => kind === 'flawed' && meta.trips.endsWith('/message-loss'))
    .map((subject) => ({
      name: subject.file.replace(/\.js$/, ''),
      protocol: subject.protocol,
      run: async (results, words) => (await prove(subject, results, false, words)).run,
    }));
}

function known({ summary: { pass, fail } }: Run): number {
  return pass + fail;
}

function unknown({ verdicts }: Run): string[] {
  return verdicts
    .filter(({ outcome }) => outcome === 'inconclusive')
    .map(({ check, role, reason }) => `${check} (${role}): ${reason}`);
}
