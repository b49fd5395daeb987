import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../catalog.js';
import type { Run } from '../contract.js';
import { explained } from './explain.js';

const MAIN = join(__dirname, 'main.js');
const SERVER = `node ${join(__dirname, '../../targets/websocket-server.js')}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function holdfast(...args: string[]): Promise<{ code: number | null; out: string; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { cwd: folder, timeout: 60_000 }, (_, out, said) =>
      resolve({ code: child.exitCode, out, said }),
    );
  });
}

describe('a check', () => {
  const check = ['check', '--server', SERVER, '--path', '/feed', '--only', 'unanswered-ping'];

  it('with --json prints run.json and nothing else; judged again it is the same', async () => {
    const { code, out, said } = await holdfast(...check, '--json', '--reporter', 'junit', '--seed', '7');
    expect({ code, said }).toEqual({ code: 0, said: '' });
    const run = JSON.parse(out) as Run;
    expect(run.verdicts.map(({ check: id, outcome }) => [id, outcome])).toEqual([
      ['websocket/unanswered-ping', 'pass'],
    ]);
    expect(run.replay.endsWith('--only unanswered-ping --reporter junit --seed 7')).toBe(true);
    const latest = join(folder, 'results/websocket-server/latest');
    expect(readFileSync(join(latest, 'run.json'), 'utf8')).toBe(out);
    expect(readFileSync(join(latest, 'junit.xml'), 'utf8')).toContain('websocket/unanswered-ping');
    expect(await holdfast('judge', latest, '--json')).toEqual({ code: 0, out, said: '' });
    expect((await holdfast('judge', join(latest, 'run.json'))).out).toContain('MUST checks were left out)');
  }, 60_000);

  it('prints its seed, plain lines of progress on stderr, and the table on stdout', async () => {
    const { code, out, said } = await holdfast(...check);
    expect(code).toBe(0);
    expect(said).toMatch(/^checking websocket-server, seed \d+\nengine /);
    expect(said).toMatch(/finished pings: 1 of 1 scenarios done/);
    expect(out).toMatch(/pass {2}MUST {4}websocket\/unanswered-ping/);
    expect(out).toMatch(/took .* of the .* allowed/);
  }, 60_000);

  it('that decided nothing has no grade, so that a gate on one is not met', async () => {
    const given = ['check', '--server', SERVER, '--only', 'no-replay'];
    expect((await holdfast(...given)).code).toBe(0);
    expect((await holdfast(...given, '--strict')).code).toBe(2);
    const gated = await holdfast(...given, '--gate', 'B');
    expect(gated.code).toBe(2);
    expect(gated.out).toContain('exit code 2: --gate B is not decided');
  }, 60_000);
});

describe('list', () => {
  const catalog = loadCatalog();
  it.each([
    ['checks', catalog.checks.map(({ id }) => id)],
    ['scenarios', catalog.scenarios.map(({ id }) => id)],
    ['faults', catalog.faults.map(({ id }) => id)],
  ])('%s shows what the catalog has', async (what, ids) => {
    const { code, out } = await holdfast('list', what, '--json');
    expect(code).toBe(0);
    expect((JSON.parse(out) as { id: string }[]).map(({ id }) => id)).toEqual(ids);
    expect((await holdfast('list', what)).out.trimEnd().split('\n')).toHaveLength(ids.length);
  });

  it('targets shows the bundled programs', async () => {
    const { out } = await holdfast('list', 'targets', '--json');
    expect(JSON.parse(out)).toContainEqual({ name: 'websocket-server', from: 'bundled', what: SERVER });
  });
});

describe('explain', () => {
  const catalog = loadCatalog();
  it.each(catalog.checks.map(({ id }) => id))(
    'tells of %s why it matters, how to fix it and where it comes from',
    (id) => {
      for (const word of ['rule', 'why', 'fix', 'source', 'scenario', 'measured'])
        expect(explained(id, catalog)).toMatch(new RegExp(`^${word} +\\S`, 'm'));
    },
  );

  it('prints that page', async () => {
    const id = 'websocket/unanswered-ping';
    expect(await holdfast('explain', id)).toEqual({ code: 0, out: explained(id, catalog), said: '' });
  });

  it('takes an id without its protocol where only one has it, and gives JSON', async () => {
    const { out } = await holdfast('explain', 'unanswered-ping', '--json');
    expect(JSON.parse(out)).toMatchObject({ id: 'websocket/unanswered-ping', scenario: { id: 'pings' } });
  });
});

it('doctor tells what this machine offers', async () => {
  const { out } = await holdfast('doctor', '--json');
  const names = (JSON.parse(out) as { name: string }[]).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node', 'cores', 'toxiproxy', 'namespaces', 'nginx', 'left behind']));
});

it('help and version are no errors', async () => {
  expect(await holdfast('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  const { code, out } = await holdfast('check', '--help');
  expect(code).toBe(0);
  expect(out).toContain('Gated are the MUST checks');
  expect(out).not.toContain('--middlebox');
});
