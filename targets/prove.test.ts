import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import type { Run } from '../harness/contract.js';
import { aimsOf, checkResilient, proveAll, RESILIENT, SCALE, subjects } from './subjects.js';

/**
 * Every check on the bundled targets: the resilient pair passes all, each flawed one fails its check and none that its
 * flaw does not imply, each tricky one passes what it looks like failing. Windows are scaled here. Without
 * HOLDFAST_PROOF=full only the resilient programs are tried; with it all of them, half an hour long, and the resilient
 * pair in its real windows as well. `npm run prove -- --all` runs every check on every subject.
 */
const FULL = process.env.HOLDFAST_PROOF === 'full';
const results = mkdtempSync(join(tmpdir(), 'holdfast-proof-'));
const { checks, protocols } = loadCatalog();
const known = new Set(checks.map(({ id }) => id));
const forms = RESILIENT.filter(({ protocol }) => protocols.includes(protocol));

// A busy machine may make a verdict inconclusive, which is right and is not what is proven here. Each error is logged.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

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

afterAll(() => rmSync(results, { recursive: true, force: true }));

const named = (run: Run, outcome: string) =>
  run.verdicts
    .filter((verdict) => verdict.outcome === outcome)
    .map((verdict) => `${verdict.check}: ${verdict.actual || verdict.reason}`);

const clean = (run: Run) => ({ fail: named(run, 'fail'), inconclusive: named(run, 'inconclusive') });

describe('the bundled targets', () => {
  const slow = checks.map(({ id }) => id).filter((id) => /\/(unbounded-buffer|slow-neighbour|unread-stream)$/.test(id));
  const quick = (protocol: string) =>
    FULL ? [] : ['--skip', slow.filter((id) => id.startsWith(`${protocol}/`)).join(',')];
  test.each(forms.filter(({ roles, aims }) => roles.length === 1 && aims === undefined))(
    'the resilient $protocol $roles passes every check',
    async (form) => {
      const run = await checkResilient(form, results, [
        '--scale',
        SCALE,
        ...(form.roles[0] === 'server' ? quick(form.protocol) : []),
      ]);
      expect(clean(run)).toEqual({ fail: [], inconclusive: [] });
      expect(run.summary.pass).toBeGreaterThan(5);
    },
    400_000,
  );

  test.each(forms.filter(({ aims }) => aims !== undefined))(
    'the resilient $protocol $roles at $at with $words passes $aims',
    async (form) => {
      const { words, aims = [] } = form;
      const run = await checkResilient(form, results, ['--scale', SCALE, ...words, '--only', aims.join(',')]);
      expect(clean(run)).toEqual({ fail: [], inconclusive: [] });
      expect(run.summary.pass).toBe(aims.length);
    },
    400_000,
  );

  (FULL ? describe : describe.skip)('the flawed and the tricky ones (HOLDFAST_PROOF=full)', () => {
    const list = subjects();
    const found = new Map<string, readonly string[]>();
    const progress = (what: string) => process.stderr.write(`${what}\n`);

    beforeAll(
      () =>
        proveAll(list, results, {
          onProof({ file }, { wrong }) {
            found.set(file, wrong);
            progress(`${file}: ${wrong.length === 0 ? 'as it must be' : wrong.join('; ')}`);
          },
          onAgain: ({ file }, { wrong }) => progress(`${file} is tried once more, since: ${wrong.join('; ')}`),
        }),
      5_400_000,
    );

    test.each(list.map((subject) => [subject.file, subject] as const))('%s is judged rightly', (file, subject) => {
      expect(aimsOf(subject).filter((id) => !known.has(id))).toEqual([]);
      expect(found.get(file)).toEqual([]);
    });
  });

  (FULL ? test : test.skip).each(forms.filter(({ roles }) => roles.length === 2))(
    'the resilient $protocol pair passes every check in its real windows (HOLDFAST_PROOF=full)',
    async (pair) => {
      const run = await checkResilient(pair, results, []);
      expect(clean(run)).toEqual({ fail: [], inconclusive: [] });
      expect(run.summary.grade).toBe('A+');
    },
    900_000,
  );
});
