import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Run } from './contract.js';
import { writeManifest } from './write-manifest.js';

/**
 * An ordinary user's projects, CommonJS and ESM, with the packed tarball installed, on this Node; and one on the newest that npm's `node`
 * gives. One server answers pings, one does not.
 */
const ROOT = join(__dirname, '../..');
const JEST = require.resolve('jest/bin/jest');
const PATIENCE_MS = 300_000;

const SERVER = `
const { createServer } = require('node:http');
const { createHash } = require('node:crypto');
const frame = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
const server = createServer();
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
  socket.on('error', () => {});
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const length = rest.length < 2 ? 0 : rest[1] & 0x7f;
      const head = length === 126 ? 4 : length === 127 ? 10 : 2;
      if (rest.length < head + 4) return;
      const size = length === 126 ? rest.readUInt16BE(2) : length === 127 ? Number(rest.readBigUInt64BE(2)) : length;
      if (rest.length < head + 4 + size) return;
      const opcode = rest[0] & 0x0f;
      const payload = Buffer.from(rest.subarray(head + 4, head + 4 + size)).map((byte, i) => byte ^ rest[head + (i % 4)]);
      rest = rest.subarray(head + 4 + size);
      if (opcode === 9 && process.argv[2] === 'good') socket.write(frame(10, payload));
      if (opcode === 8) return socket.end(frame(8, payload));
    }
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
`;

const SUITE = `
const only = ['websocket/unanswered-ping'];
resilience('good', { server: 'node server.cjs good' }, { only, seed: 7 });
resilience('bad', { server: 'node server.cjs bad' }, { only });
resilience('left out', { server: 'node server.cjs good' }, { only, skip: 'unanswered-ping' });
resilience('configured', 'chat', { only });
resilience('lacking', { server: 'node server.cjs good' }, { only: 'no-replay' });
resilience('strictly lacking', { server: 'node server.cjs good' }, { only: 'no-replay', strict: true });
const none = { only: ['no-heartbeat'], skip: ['no-heartbeat'] };
resilience('of events', 'events', none);
resilience('at a URL', 'http://127.0.0.1:1/events', none);
resilience('dead', { server: 'node missing.cjs' }, { only });
`;

const CONFIG = `
import { defineConfig } from 'holdfast';
const server: string = 'node server.cjs good';
export default defineConfig({ targets: { chat: { server, only: ['unanswered-ping'] }, events: { server, protocol: 'sse' } } });
`;

let folder: string;
let tarball: string;
const shown: Partial<Record<Project, string>> = {};
const projects: Partial<Record<Project, Promise<Results>>> = {};
/** 200 MB that are not for everybody's test run. */
const full = process.env.HOLDFAST_PROOF === 'full';
const PROJECTS: readonly Project[] = ['commonjs', 'module', ...(full ? (['module on the current Node'] as const) : [])];

beforeAll(() => {
  writeManifest();
  folder = mkdtempSync(join(tmpdir(), 'holdfast-jest-'));
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  tarball = join(folder, filename);
  // Side by side: each spends its time waiting.
  for (const name of PROJECTS) projects[name] = project(name);
}, PATIENCE_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface JestReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

type Project = 'commonjs' | 'module' | 'module on the current Node';
type Results = JestReport['testResults'][number]['assertionResults'];

const isCurrent = (name: Project) => name === 'module on the current Node';
const pathOf = (name: Project) => join(folder, name.replaceAll(' ', '-'));
const nodeOf = (name: Project) => (isCurrent(name) ? join(pathOf(name), 'node_modules/.bin/node') : process.execPath);
/** A jest of its own, not a worker of this one; `node` is the project's. */
const environmentOf = (name: Project) => ({
  PATH: `${isCurrent(name) ? `${dirname(nodeOf(name))}:` : ''}${process.env.PATH}`,
  HOME: process.env.HOME,
});

async function project(name: Project): Promise<Results> {
  const path = pathOf(name);
  mkdirSync(path);
  const type = name === 'commonjs' ? 'commonjs' : 'module';
  const importing =
    type === 'commonjs'
      ? "const { resilience } = require('holdfast/jest');"
      : "import { resilience } from 'holdfast/jest';";
  const files = {
    'package.json': JSON.stringify({ name: `a-${type}-project`, version: '1.0.0', private: true, type }),
    'server.cjs': SERVER,
    'feed.test.js': `${importing}\n${SUITE}`,
    'holdfast.config.ts': CONFIG,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  const packages = [tarball, ...(isCurrent(name) ? ['node@latest'] : [])];
  await output('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], name);
  const args = ['--experimental-vm-modules', JEST, '--json', '--rootDir', path];
  const report = JSON.parse(
    await output(nodeOf(name), args, name, (said) => {
      shown[name] = said;
    }),
  ) as JestReport;
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  if (results.length === 0) throw new Error(report.testResults.map(({ message }) => message).join('\n'));
  return results;
}

/** Stdout, whatever the exit code: a jest with a failed test has 1. */
function output(
  command: string,
  args: readonly string[],
  name: Project,
  onStderr?: (said: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: pathOf(name), env: environmentOf(name) }, (error, stdout, stderr) => {
      onStderr?.(stderr);
      if (error && stdout === '') reject(new Error(`${command} ${args.join(' ')}: ${stderr}`));
      else resolve(stdout);
    });
  });
}

describe.each(PROJECTS)('in a project of %s', (project) => {
  let results: Results;
  beforeAll(async () => {
    results = (await projects[project]) ?? [];
  }, PATIENCE_MS);
  const of = (name: string) => results.filter(({ ancestorTitles }) => ancestorTitles[0] === name);

  it('names each test by its rule and passes the server that keeps it', () => {
    expect(of('good')).toHaveLength(1);
    expect(of('good')[0]?.title).toMatch(/^websocket\/unanswered-ping: MUST /);
    expect(of('good')[0]?.status).toBe('passed');
  });

  it('finds a target of the config by its name', () => {
    expect(of('configured').map(({ title, status }) => [title.replace(/:.*/, ''), status])).toEqual([
      ['keeps the budgets of its config', 'passed'],
      ['websocket/unanswered-ping', 'passed'],
    ]);
  });

  it('lists the checks of the protocol that the config or the URL has', () => {
    const ids = (name: string) => of(name).map(({ title }) => title.replace(/:.*/, ''));
    expect(ids('of events')).toEqual(['keeps the budgets of its config', 'sse/no-heartbeat']);
    expect(ids('at a URL')).toEqual(['sse/no-heartbeat']);
  });

  it('fails the server that does not, with expected, actual, evidence and the way to repeat it', () => {
    const message = of('bad')[0]?.failureMessages.join('\n') ?? '';
    expect(of('bad')[0]?.status).toBe('failed');
    expect(message).toContain('expected: MUST ');
    expect(message).toMatch(/actual: {3}\S/);
    expect(message).toMatch(/look at: {2}events \d+/);
    expect(message).toMatch(/saved in: .*results/);
    expect(message).toContain("repeat:   holdfast check '--server=node server.cjs bad'");
  });

  it('marks what was left out by skip', () => {
    expect(of('left out').map(({ status }) => status)).toEqual(['pending']);
  });

  it('passes a skipped check and shows its reason; strictly, it fails', () => {
    expect(of('lacking').map(({ status }) => status)).toEqual(['passed']);
    expect(shown[project]).toContain('websocket/no-replay is skipped: needs --resume');
    expect(of('strictly lacking')[0]?.failureMessages.join('\n')).toContain(
      'websocket/no-replay is skipped: needs --resume',
    );
  });

  it('tells why there could be no run', () => {
    expect(of('dead')[0]?.status).toBe('failed');
    expect(of('dead')[0]?.failureMessages.join('\n')).toMatch(/node missing\.cjs\) exited with code 1/);
  });

  it(
    'finds the command, and a config in TypeScript',
    async () => {
      const listed = await output('npx', ['--no-install', 'holdfast', 'list', 'targets', '--json'], project);
      expect(JSON.parse(listed)).toContainEqual(
        expect.objectContaining({ name: 'chat', what: 'node server.cjs good' }),
      );
    },
    PATIENCE_MS,
  );

  it(
    'checks by the command, on the Node that it is for',
    async () => {
      const told = await output(
        'npx',
        ['--no-install', 'holdfast', 'check', 'chat', '--scale', '0.2', '--json'],
        project,
      );
      const run = JSON.parse(told) as Run;
      expect(run.verdicts.map(({ check, outcome }) => [check, outcome])).toEqual([
        ['websocket/unanswered-ping', 'pass'],
      ]);
      const version = (await output(nodeOf(project), ['--version'], project)).trim();
      expect(run.machine.node).toBe(version);
      const [current, ours] = [version, process.version].map((one) => Number(/\d+/.exec(one)));
      if (isCurrent(project)) expect(current).toBeGreaterThan(ours ?? 0);
    },
    PATIENCE_MS,
  );

  it(
    'is imported by a program of either kind',
    async () => {
      const said = (code: string, kind: string) =>
        output(nodeOf(project), [`--input-type=${kind}`, '--eval', code], project);
      const word = 'console.log(typeof defineConfig)';
      expect(await said(`import { defineConfig } from 'holdfast'; ${word}`, 'module')).toBe('function\n');
      expect(await said(`const { defineConfig } = require('holdfast'); ${word}`, 'commonjs')).toBe('function\n');
    },
    PATIENCE_MS,
  );
});
