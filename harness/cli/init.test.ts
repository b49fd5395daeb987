import { execFile, execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createJiti } from 'jiti';
import { loadConfig } from '../config.js';
import { detectProject } from '../project.js';
import { configText, workflowText } from './starter-files.js';

const MAIN = join(__dirname, 'main.js');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

function holdfast(args: readonly string[], cwd = folder): Promise<{ code: number | null; out: string; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { cwd }, (_, out, said) =>
      resolve({ code: child.exitCode, out, said }),
    );
  });
}

type Parser = (
  file: { name: string; content: string },
  log: object,
) => { context: { errors: { getErrors(): { message: string }[] } } };

const jiti = createJiti(__filename, { fsCache: false });

const once = (name: string, path: string) => {
  let parser: Promise<Parser | undefined> | undefined;
  return () => {
    parser ??= jiti
      .import<Readonly<Record<string, Parser>>>(`@actions/workflow-parser/${path}`)
      .then((module) => module[name]);
    return parser;
  };
};
const loaded = {
  workflow: once('parseWorkflow', 'workflows/workflow-parser'),
  action: once('parseAction', 'actions/action-parser'),
};

/** What GitHub's own parser says. It is an ES module that leaves out what Node 20 wants said of JSON: jiti loads it all the same. */
async function complaints(file: string, kind: 'workflow' | 'action'): Promise<string[]> {
  const parse = await loaded[kind]();
  const log = { error: () => {}, info: () => {}, verbose: () => {} };
  const { context } = parse?.({ name: file, content: readFileSync(file, 'utf8') }, log) ?? {};
  return context?.errors.getErrors().map(({ message }) => message) ?? ['it could not be loaded'];
}

describe('holdfast init', () => {
  type Row = [string, Record<string, unknown>, object[]];
  test.each<Row>([
    [
      'ws with a start script',
      { 'package.json': { dependencies: { ws: '8' }, scripts: { start: 'node src/chat.js' } } },
      [{ protocol: 'websocket', role: 'server', command: 'node src/chat.js', because: 'ws in package.json' }],
    ],
    [
      'socket.io before the ws below it',
      { 'package.json': { dependencies: { ws: '8', 'socket.io': '4' }, main: 'index.js' }, 'index.js': '' },
      [{ protocol: 'websocket', command: 'node index.js', path: '/socket.io/?EIO=4&transport=websocket' }],
    ],
    [
      'a stream of events and gRPC',
      {
        'package.json': { dependencies: { 'express-sse': '1', '@grpc/grpc-js': '1' }, scripts: { start: 'tsx a.ts' } },
      },
      [
        { protocol: 'sse', command: 'npm start', path: '/events' },
        { protocol: 'grpc', command: 'npm start', path: undefined },
      ],
    ],
    [
      'a client',
      { 'package.json': { dependencies: { 'reconnecting-websocket': '4' }, main: 'c.mjs' }, 'c.mjs': '' },
      [{ protocol: 'websocket', role: 'client', command: 'node c.mjs {url}' }],
    ],
    ['a package.json that is none', { 'package.json': '{' }, [{ protocol: 'websocket', command: 'node server.js' }]],
    [
      'FastAPI',
      { 'requirements.txt': 'fastapi==1\nuvicorn[standard]', 'app.py': '' },
      [{ protocol: 'websocket', command: 'uvicorn app:app --host 127.0.0.1 --port {port}' }],
    ],
    [
      'websockets, which is not the websocket of Node',
      { 'pyproject.toml': 'dependencies = ["websockets>=15", "grpcio"]', 'main.py': '' },
      [
        { protocol: 'grpc', command: 'python main.py' },
        { protocol: 'websocket', command: 'python main.py' },
      ],
    ],
    [
      'Go',
      { 'go.mod': 'require github.com/gorilla/websocket v1.5.3' },
      [{ protocol: 'websocket', command: 'go run .' }],
    ],
    [
      'Rust',
      { 'Cargo.toml': '[dependencies]\ntonic = "0.14"' },
      [{ protocol: 'grpc', command: 'cargo run --release' }],
    ],
    ['nothing', {}, [{ protocol: 'websocket', command: './server --port {port}' }]],
  ])('knows %s, and its config and workflow are ones', async (_, files, targets) => {
    put(files);
    const project = detectProject(folder);
    expect(project.targets).toMatchObject(targets);
    put({ 'holdfast.config.yaml': configText(project) });
    const config = await loadConfig(undefined, folder);
    expect([...(config?.targets.values() ?? [])]).toMatchObject(
      project.targets.map(({ role, command, protocol }) => ({ [role]: command, protocol })),
    );
    put({ 'w.yml': workflowText(project, { folder: 'a b/c', version: '1.2.3' }) });
    expect(await complaints(join(folder, 'w.yml'), 'workflow')).toEqual([]);
  });

  it('writes both, says what to look at, and overwrites neither', async () => {
    put({ 'package.json': { dependencies: { ws: '8', holdfast: '1' }, scripts: { start: 'node server.js' } } });
    const first = await holdfast(['init']);
    expect(first).toMatchObject({ code: 0, said: '' });
    expect(first.out).toContain('wrote holdfast.config.yaml\nwrote .github/workflows/holdfast.yml\n');
    expect(first.out).toContain('websocket: server "node server.js", from ws in package.json');
    expect(first.out).toContain('Then: npx holdfast check websocket');
    put({ 'holdfast.config.yaml': 'mine', '.github/workflows/holdfast.yml': 'mine' });
    const second = await holdfast(['init']);
    expect(second.out).toContain(
      'kept  holdfast.config.yaml, which is there already\nkept  .github/workflows/holdfast.yml',
    );
    for (const name of ['holdfast.config.yaml', '.github/workflows/holdfast.yml'])
      expect(readFileSync(join(folder, name), 'utf8')).toBe('mine');
  });

  it('writes through no link, and beside no other config', async () => {
    put({ 'holdfast.config.ts': 'export default {}', '.github/workflows/other.yml': '' });
    symlinkSync(join(folder, 'elsewhere'), join(folder, '.github/workflows/holdfast.yml'));
    const { out } = await holdfast(['init']);
    expect(out).toContain('kept  holdfast.config.ts');
    expect(out).toContain('kept  .github/workflows/holdfast.yml');
    expect(() => lstatSync(join(folder, 'elsewhere'))).toThrow();
  });

  it('puts the workflow at the root of the repository', async () => {
    put({ '.git/HEAD': '', 'services/chat/go.mod': 'module x' });
    const { out } = await holdfast(['init'], join(folder, 'services/chat'));
    expect(out).toContain('wrote ../../.github/workflows/holdfast.yml');
    expect(out).toContain('OWNER is to be replaced');
    const workflow = readFileSync(join(folder, '.github/workflows/holdfast.yml'), 'utf8');
    expect(workflow).toContain('working-directory: services/chat');
    expect(workflow).toContain('path: services/chat/results/');
  });
});

describe('the action', () => {
  const ROOT = join(__dirname, '../../..');
  const action = () => readFileSync(join(ROOT, 'action.yml'), 'utf8');

  it("is one by GitHub's own parser", async () => {
    expect(await complaints(join(ROOT, 'action.yml'), 'action')).toEqual([]);
    put({ 'bad.yml': action().replace('composite', 'composit') });
    expect(await complaints(join(folder, 'bad.yml'), 'action')).not.toEqual([]);
  });

  it('gives its inputs to the command as they are, and ends with its exit code', () => {
    const scripts = [...action().matchAll(/ {6}run: \|\n((?: {8}.*\n)+)/g)].map(([, script = '']) =>
      script.replace(/^ {8}/gm, ''),
    );
    put({
      'node_modules/holdfast/dist/harness/cli/main.js':
        'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 2;',
    });
    const env = {
      PATH: process.env.PATH,
      GITHUB_OUTPUT: join(folder, 'output'),
      GITHUB_ACTION_PATH: '/nonexistent',
      HOLDFAST_MAIN: 'node_modules/holdfast/dist/harness/cli/main.js',
      HOLDFAST_TARGET: 'chat; echo $(id)',
      HOLDFAST_CONFIG: '',
      HOLDFAST_GATE: 'MUST',
      HOLDFAST_REPORTER: 'terminal',
      HOLDFAST_RESULTS: 'my results',
      HOLDFAST_ARGS: '--server=node a.js "b"\n\n--strict\n',
    };
    const bash = (script: string | undefined) =>
      execFileSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script ?? 'false'], {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
    bash(scripts[0]);
    expect(readFileSync(env.GITHUB_OUTPUT, 'utf8')).toBe(`main=${env.HOLDFAST_MAIN}\n`);
    expect(() => bash(scripts[1])).toThrow(
      expect.objectContaining({
        status: 2,
        stdout: `${JSON.stringify([
          'check',
          '--gate=MUST',
          '--reporter=terminal',
          '--results=my results',
          '--server=node a.js "b"',
          '--strict',
          '--',
          'chat; echo $(id)',
        ])}\n`,
      }),
    );
    expect(readFileSync(env.GITHUB_OUTPUT, 'utf8')).toContain('exit-code=2\n');
  });
});

it('the workflow that docs/ci.md shows is the one that init writes', () => {
  put({
    'package.json': { dependencies: { ws: '8', holdfast: '1' }, scripts: { start: 'node server.js' } },
    'package-lock.json': {},
  });
  const shown = readFileSync(join(__dirname, '../../../docs/ci.md'), 'utf8');
  expect(shown).toContain(workflowText(detectProject(folder), { folder: '.', version: '1.0.0' }));
});
