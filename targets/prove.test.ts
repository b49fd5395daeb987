import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import { nowMs } from '../harness/clock.js';
import type { Run } from '../harness/contract.js';
import { formProof, realProof, subjectProof } from './proofs.js';
import { RESILIENT, type Resilient } from './resilient.js';
import { type Proof, proveSideBySide } from './side-by-side.js';
import { aimsOf, subjects } from './subjects.js';

/**
 * Every check on the bundled targets: the resilient programs pass all, each flawed one fails its check and none that its
 * flaw does not imply, each tricky one passes what it looks like failing. Windows are scaled here. Without
 * HOLDFAST_PROOF=full only the resilient programs are tried; with it all of them, more than half an hour long, and the resilient
 * pairs in their real windows as well. `npm run prove -- --all` runs every check on every subject.
 */
const FULL = process.env.HOLDFAST_PROOF === 'full';
const results = mkdtempSync(join(tmpdir(), 'holdfast-proof-'));
const { checks, protocols } = loadCatalog();
const known = new Set(checks.map(({ id }) => id));
const forms = RESILIENT.filter(({ protocol }) => protocols.includes(protocol));
const isPair = ({ roles }: Resilient) => roles.length === 2;

afterAll(() => rmSync(results, { recursive: true, force: true }));

test.each(checks.map((check) => [check.id, check.role, check] as const))(
  '%s of a %s has a resilient, a flawed and a tricky subject',
  (id, role) => {
    const own = subjects().filter((subject) => aimsOf(subject).includes(id));
    // Of a check that one role alone has, the program of the other one may be what spoils it.
    const both = checks.filter((check) => check.id === id).length > 1;
    const kinds = own.filter(({ meta }) => !both || meta.role === role).map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual(['flawed', 'tricky']);
    const covers = forms.filter(({ aims, protocol }) => aims?.includes(id) ?? id.startsWith(`${protocol}/`));
    expect(covers.some(({ roles }) => roles.includes(role))).toBe(true);
  },
);

test.each(subjects())('$file aims at checks that exist', (subject) => {
  expect(aimsOf(subject).filter((id) => !known.has(id))).toEqual([]);
});

describe('the bundled targets', () => {
  const found = new Map<string, readonly string[]>();
  const proofs = [
    ...forms.filter((form) => !isPair(form)).map(formOf),
    ...(FULL ? subjects().map((subject) => subjectProof(subject, { results })) : []),
    ...(FULL ? forms.filter(isPair).map((form) => realProof(form, { results })) : []),
  ];
  const beganMs = nowMs();
  const progress = (what: string) => process.stderr.write(`${Math.round((nowMs() - beganMs) / 1000)} s: ${what}\n`);

  beforeAll(
    () =>
      proveSideBySide(proofs, {
        onProof(name, wrong) {
          found.set(name, wrong);
          progress(`${name}: ${wrong.length === 0 ? 'as it must be' : wrong.join('; ')}`);
        },
        onAgain: (name, wrong) => progress(`${name} is tried once more, since: ${wrong.join('; ')}`),
      }),
    5_400_000,
  );

  test.each(proofs)('$name is judged rightly', ({ name }) => {
    expect(found.get(name)).toEqual([]);
  });
});

/** Without HOLDFAST_PROOF=full, a server alone is spared the three that take longest. */
function formOf(form: Resilient): Proof {
  const slow = checks
    .map(({ id }) => id)
    .filter(
      (id) => id.startsWith(`${form.protocol}/`) && /\/(unbounded-buffer|slow-neighbour|unread-stream)$/.test(id),
    );
  const { aims, roles } = form;
  const asked = aims ? ['--only', aims.join(',')] : FULL || !roles.includes('server') ? [] : ['--skip', slow.join(',')];
  let passes = 0;
  const proof = formProof(form, {
    results,
    words: asked,
    onRun: (run: Run) => {
      passes = run.summary.pass;
    },
  });
  return {
    ...proof,
    async run() {
      const wrong = await proof.run();
      const enough = aims ? passes === aims.length : passes > 5;
      return [...wrong, ...(enough ? [] : [`${passes} passes`])];
    },
  };
}
