import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeManifest } from './write-manifest.js';

/** An ordinary user's projects, CommonJS and ESM, with the packed tarball installed. One server answers pings, one does not. */
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
const shown: Record<Type, string> = { commonjs: '', module: '' };
const projects: Partial<Record<Type, Promise<Results>>> = {};

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
  for (const type of ['commonjs', 'module'] as const) projects[type] = project(type);
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

type Type = 'commonjs' | 'module';
type Results = JestReport['testResults'][number]['assertionResults'];

async function project(type: Type): Promise<Results> {
  const path = join(folder, type);
  mkdirSync(path);
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
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  await output('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], path);
  const args = ['--experimental-vm-modules', JEST, '--json', '--rootDir', path];
  const report = JSON.parse(
    await output(process.execPath, args, path, (said) => {
      shown[type] = said;
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
  cwd: string,
  onStderr?: (said: string) => void,
): Promise<string> {
  // A jest of its own, not a worker of this one.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env }, (error, stdout, stderr) => {
      onStderr?.(stderr);
      if (error && stdout === '') reject(new Error(`${command} ${args.join(' ')}: ${stderr}`));
      else resolve(stdout);
    });
  });
}

describe.each(['commonjs', 'module'] as const)('in a %s project', (type) => {
  const path = () => join(folder, type);
  let results: Results;
  beforeAll(async () => {
    results = (await projects[type]) ?? [];
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
    expect(shown[type]).toContain('websocket/no-replay is skipped: needs --resume');
    expect(of('strictly lacking')[0]?.failureMessages.join('\n')).toContain(
      'websocket/no-replay is skipped: needs --resume',
    );
  });

  it('tells why there could be no run', () => {
    expect(of('dead')[0]?.status).toBe('failed');
    expect(of('dead')[0]?.failureMessages.join('\n')).toMatch(/node missing\.cjs\) exited with code 1/);
  });

  it('finds the command, and a config in TypeScript', () => {
    const listed = execFileSync('npx', ['--no-install', 'holdfast', 'list', 'targets', '--json'], {
      cwd: path(),
      encoding: 'utf8',
    });
    expect(JSON.parse(listed)).toContainEqual(expect.objectContaining({ name: 'chat', what: 'node server.cjs good' }));
  });
});
