import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(__dirname, 'main.js');
const TARGETS = join(__dirname, '../../targets');
const TIMEOUT_MS = 90_000;

/** One for each place that a credential may stand in. */
const CANARIES = {
  query: 'q-Canary/1+a=b',
  path: 'pathCanary2x',
  header: 'hdrCanary3-xyz',
  basic: 'basCanary4:pw',
  message: 'msgCanary5"quoted',
  wrong: 'wrongCanary6',
  variable: 'envCanary7',
  inherited: 'inhCanary8',
  assignment: 'asgCanary9',
  argument: 'argCanary10',
  userinfo: 'usrCanary11',
  printed: 'eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjEyfQ.x12',
  // The one that lets a client in at /members of the bundled servers.
  login: 'open-sesame',
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function holdfast(args: readonly string[], cwd = folder) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...process.env, BILLING_API_TOKEN: CANARIES.inherited, TOXIPROXY_URL: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

/** Which canaries stand in it, in any form. */
function canariesIn(text: string): string[] {
  return Object.entries(CANARIES)
    .filter(([, canary]) => {
      const base64 = Buffer.from(canary).toString('base64').replace(/=+$/, '');
      return [canary, encodeURIComponent(canary), JSON.stringify(canary).slice(1, -1), base64].some((form) =>
        text.includes(form),
      );
    })
    .map(([place]) => place);
}

/** By file, of all that a run wrote. */
function canariesBelow(directory: string): Record<string, string[]> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((entry) => [entry.name, canariesIn(readFileSync(join(entry.parentPath, entry.name), 'utf8'))] as const)
      .filter(([, found]) => found.length > 0),
  );
}

const DECLARED = [
  ...['--bad-auth', `X-Token: ${CANARIES.wrong}`, '--quiet-env', `QUIET=1,API_TOKEN=${CANARIES.variable}`],
  ...['--metrics-url', `http://me:${CANARIES.userinfo}@127.0.0.1:{port}/metrics`],
];
const command = (file: string) =>
  `DB_PASSWORD=${CANARIES.assignment} node ${join(TARGETS, file)} --auth-token ${CANARIES.argument}`;

const RUNS = {
  websocket: [
    ...['--protocol', 'websocket', '--server', command('websocket-server.js')],
    ...['--path', `/members?access_token=${CANARIES.path}`, '--auth', `?token=${CANARIES.login}`],
    ...['--subscribe', JSON.stringify({ type: 'subscribe', token: CANARIES.message })],
  ],
  sse: [
    ...['--protocol', 'sse', '--server', command('sse-server.js')],
    ...['--path', `/members?access_token=${encodeURIComponent(CANARIES.query)}`],
    ...['--auth', `Authorization: Bearer ${CANARIES.login}`],
    ...['--subscribe', `Cookie: sid=${CANARIES.header}`],
  ],
  grpc: [
    ...['--protocol', 'grpc', '--server', command('grpc-server.js'), '--proto', join(TARGETS, 'feed.proto')],
    ...['--method', 'holdfast.feed.v1.Members/Subscribe', '--auth', `authorization: Bearer ${CANARIES.login}`],
    ...['--resume', `{"after":"{id}","api_key":${JSON.stringify(CANARIES.message)}}`],
  ],
} as const;

test.concurrent.each(Object.keys(RUNS) as (keyof typeof RUNS)[])(
  '%s: no credential of a run is in anything that it wrote, printed or would print again',
  async (protocol) => {
    const results = join(folder, protocol);
    const only = ['late-auth', 'abrupt-shutdown', 'lying-metrics'].map((id) => `${protocol}/${id}`).join();
    const reporters = 'terminal,html,json,junit,markdown,sarif,trace';
    const run = await holdfast([
      ...['check', ...RUNS[protocol], ...DECLARED, '--only', only, '--reporter', reporters],
      ...['--results', results, '--scale', '0.1', '--engine', 'embedded'],
    ]);
    expect(run.stderr).not.toMatch(/Holdfast's own/);
    const directory = /saved {2}(\S+)/.exec(run.stdout)?.[1] ?? `none: ${run.stderr}`;
    expect(readdirSync(directory)).toEqual(
      expect.arrayContaining(['history.jsonl', 'harness.log', 'junit.xml', 'report.md', 'run.json', 'trace.json']),
    );
    expect(canariesBelow(results)).toEqual({});
    const again = await holdfast(['judge', directory, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({
      verdicts: JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')).verdicts,
    });
    for (const { stdout, stderr } of [run, again]) expect(canariesIn(stdout + stderr)).toEqual([]);
  },
  TIMEOUT_MS,
);

test.concurrent.each([
  ['prints its environment and dies', ['--server', `sh -c 'env >&2; echo "token ${CANARIES.printed}" >&2; exit 1'`]],
  ['cannot be reached', [`ws://me:${CANARIES.userinfo}@127.0.0.1:1/?key=${CANARIES.path}&token=${CANARIES.path}`]],
  ['is elsewhere', [`ws://me:${CANARIES.userinfo}@192.0.2.1:1/?token=${CANARIES.path}`]],
  ['has a login in no known form', ['--server', 'x', '--auth', `Bearer ${CANARIES.header}`]],
  [
    'has a login by user and password',
    ['--server', 'x', '--nonsense', '--auth', `Authorization: Basic ${Buffer.from(CANARIES.basic).toString('base64')}`],
  ],
])(
  'a target that %s: what is said of it holds no credential',
  async (what, words) => {
    const results = join(folder, what.replaceAll(' ', '-'));
    const { code, stdout, stderr } = await holdfast([
      ...[
        'check',
        ...words,
        ...(what.startsWith('prints') ? DECLARED : []),
        '--results',
        results,
        '--engine',
        'embedded',
      ],
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^holdfast: /m);
    expect(canariesIn(stdout + stderr)).toEqual([]);
  },
  TIMEOUT_MS,
);

test('a config that is wrong in a login, and one that is listed, tell none', async () => {
  const config = (targets: unknown) => {
    const cwd = mkdtempSync(join(folder, 'config-'));
    writeFileSync(join(cwd, 'holdfast.config.json'), JSON.stringify({ targets }));
    return cwd;
  };
  const wrong = await holdfast(['check'], config({ one: { server: 'x', auth: `secret ${CANARIES.header}` } }));
  expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('auth') });
  const listed = await holdfast(['list', 'targets', '--json'], config({ one: { server: command('x.js') } }));
  expect(listed.code).toBe(0);
  expect(canariesIn(JSON.stringify([wrong, listed]))).toEqual([]);
});
