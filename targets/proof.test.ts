import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../harness/catalog.js';
import type { Run } from '../harness/contract.js';
import type { FlawMeta } from './program.js';

/**
 * Every check on the bundled targets: the resilient pair passes all, each flawed one fails its check and none that its
 * flaw does not imply. Windows are scaled here; HOLDFAST_PROOF=full runs every check on every target, and the resilient
 * pair in its real windows as well.
 */
const SCALE = '0.2';
const FULL = process.env.HOLDFAST_PROOF === 'full';
const MAIN = join(__dirname, '../harness/cli/main.js');
const SERVER_WORDS = ['--resume', '?last={id}', '--quiet-env', 'QUIET=1', '--pressure-env', 'PRESSURE=1'];
const CLIENT_WORDS = ['--sequence', 'seq', '--resume', '?last={id}'];
const results = mkdtempSync(join(tmpdir(), 'holdfast-proof-'));
const { checks } = loadCatalog();

// A busy machine may make a verdict inconclusive, which is right and is not what is proven here. The first error is logged.
jest.retryTimes(1, { logErrorsBeforeRetry: true });

afterAll(() => rmSync(results, { recursive: true, force: true }));

function check(words: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const args = [
      MAIN,
      'check',
      '--protocol',
      'websocket',
      '--path',
      '/feed',
      '--json',
      '--seed',
      '7',
      '--results',
      results,
      ...words,
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => {
      try {
        resolve(JSON.parse(out) as Run);
      } catch {
        reject(new Error(`exit ${code}: ${err}`));
      }
    });
  });
}

function program(role: string, file: string): string[] {
  return [
    `--${role}`,
    `"${process.execPath}" "${join(__dirname, file)}"`,
    ...(role === 'server' ? SERVER_WORDS : CLIENT_WORDS),
  ];
}

const named = (run: Run, outcome: string) =>
  run.verdicts.filter((verdict) => verdict.outcome === outcome).map((verdict) => `${verdict.check}: ${verdict.actual}`);

/** Those that read the same scenario as the check that must fail: what else could be tripped by mistake. */
function neighbours(id: string): string[] {
  const own = checks.find((one) => one.id === id);
  const near = checks
    .filter((one) => one.scenario === own?.scenario || own?.needs?.includes(one.id))
    .map((one) => one.id);
  return FULL ? [] : ['--only', [...new Set([id, ...near])].join(',')];
}

const flaws = readdirSync(join(__dirname, 'flawed'))
  .filter((name) => name.endsWith('.js'))
  .map((name) => ({
    file: `flawed/${name}`,
    meta: (require(join(__dirname, 'flawed', name)) as { meta: FlawMeta }).meta,
  }));

describe('the bundled targets', () => {
  const quick = FULL ? [] : ['--skip', 'websocket/unbounded-buffer,websocket/slow-neighbour'];
  test.each(['server', 'client'])(
    'the resilient %s passes every check',
    async (role) => {
      const run = await check([
        ...program(role, `websocket-${role}.js`),
        '--scale',
        SCALE,
        ...(role === 'server' ? quick : []),
      ]);
      expect({ fail: named(run, 'fail'), inconclusive: named(run, 'inconclusive') }).toEqual({
        fail: [],
        inconclusive: [],
      });
      expect(run.summary.pass).toBeGreaterThan(5);
    },
    240_000,
  );

  test.each(flaws)(
    '$file fails its check and nothing unrelated',
    async ({ file, meta }) => {
      const run = await check([...program(meta.role, file), '--scale', SCALE, ...neighbours(meta.trips)]);
      const allowed = new Set([
        meta.trips,
        ...(meta.implies ?? []),
        ...(checks.find(({ id }) => id === meta.trips)?.implies ?? []),
      ]);
      const failed = run.verdicts.filter(({ outcome }) => outcome === 'fail');
      expect(failed.map((verdict) => verdict.check)).toContain(meta.trips);
      expect(
        failed.filter((verdict) => !allowed.has(verdict.check)).map((verdict) => `${verdict.check}: ${verdict.actual}`),
      ).toEqual([]);
    },
    300_000,
  );

  (FULL ? test : test.skip)(
    'the resilient pair passes every check in its real windows (HOLDFAST_PROOF=full)',
    async () => {
      const run = await check([
        ...program('server', 'websocket-server.js'),
        ...program('client', 'websocket-client.js'),
      ]);
      expect({ fail: named(run, 'fail'), inconclusive: named(run, 'inconclusive') }).toEqual({
        fail: [],
        inconclusive: [],
      });
      expect(run.summary.grade).toBe('A+');
    },
    600_000,
  );
});
