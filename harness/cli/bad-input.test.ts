import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canMakeNamespace } from '../target/namespace.js';
import { environmentHolds, processTable } from '../target/process-table.js';

const MAIN = join(__dirname, 'main.js');
const ONLY = ['--only', 'websocket/unanswered-ping'];
const LISTENS = "require('net').createServer().listen(process.env.PORT)";
const REFUSES = "require('http').createServer((q, s) => s.writeHead(404).end()).listen(process.env.PORT)";
const PLAIN_EADDRINUSE = (port: number) =>
  `require('net').createServer().on('error', (e) => { console.error(e.message); process.exit(1) }).listen(${port}, '127.0.0.1')`;
/** In the environment of all that a test of this file starts. */
const MARK = `HOLDFAST_TEST=${randomUUID()}`;

let folder: string;
let taken: Server;
let takenPort: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bad-'));
  taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  takenPort = typeof address === 'object' && address !== null ? address.port : 0;
  const config = (name: string, text: string) => writeFileSync(join(folder, name), text);
  config('field.yaml', 'targets:\n  chat:\n    sever: node x.js\n');
  config('value.json', '{"targets":{"chat":{"server":"x","copies":"many"}}}');
  config('top.ts', 'const target: string = "x"; export default { target };');
  config('unbuilt.js', 'module.exports = { targets: { chat: { server: "x", middlebox: "nginx" } } };');
  config(
    'waiver.yaml',
    'targets:\n  chat: { server: x, known: [{ check: no-hartbeat, reason: r, until: 2027-01-01 }] }\n',
  );
  config(
    'until.yaml',
    'targets:\n  chat: { server: x, known: [{ check: no-heartbeat, reason: r, until: 2027-02-30 }] }\n',
  );
  for (const [name, schema] of [
    ['newer', 'holdfast.run/9'],
    ['foreign', 'other/1'],
  ] as const) {
    mkdirSync(join(folder, name));
    config(join(name, 'run.json'), JSON.stringify({ schema }));
  }
  config('budget.yaml', 'targets:\n  chat: { server: x, budgets: ["pongMilliseconds <= 3"] }\n');
  config('form.yaml', 'targets:\n  chat: { server: x, budgets: ["fast"] }\n');
  config(
    'certificate.yaml',
    'targets:\n  chat: { url: grpcs://127.0.0.1:1, clientCertificate: { cert: good.yaml, key: none.key } }\n',
  );
  config('broken.json', '{"targets":');
  config('broken.yaml', 'targets:\n  a:\n   server: [1\n');
  config('broken.mjs', 'syntax error here(');
  config('throws.ts', 'throw new Error("no such luck");');
  config('good.yaml', 'targets:\n  chat: { server: x }\n  feed: { server: y }\n');
});
afterAll(() => {
  taken.close();
  rmSync(folder, { recursive: true, force: true });
});

function holdfast(args: readonly string[]): Promise<{ code: number | null; out: string; said: string }> {
  const [name = '', value] = MARK.split('=');
  const settings = {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', [name]: value },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], settings, (_, out, said) =>
      resolve({ code: child.exitCode, out, said }),
    );
  });
}

function running(): number[] {
  return [...processTable().keys()].filter((pid) => environmentHolds(pid, MARK));
}

const server = (...more: string[]) => ['check', '--server', 'x', ...more];
const config = (name: string, ...more: string[]) => ['check', ...more, '--config', name];

const TABLE: readonly (readonly [string, () => string[], RegExp])[] = [
  [
    'an unknown check',
    () => server('--only', 'no-hartbeat'),
    /no check "websocket\/no-hartbeat" \(did you mean websocket\/no-heartbeat\?\)/,
  ],
  ['an unknown check to skip', () => server('--skip', 'websocket/nonsense'), /no check "websocket\/nonsense"/],
  ['an unknown flag', () => ['check', '--sever', 'x'], /unknown option '--sever' \(Did you mean --server\?\)/],
  ['an unknown command', () => ['chekc'], /unknown command 'chekc' \(Did you mean check\?\)/],
  ['too many arguments', () => ['check', 'a', 'b'], /too many arguments/],
  ['nothing to check', () => ['check'], /nothing to check/],
  [
    'an unreachable URL',
    () => ['check', 'ws://127.0.0.1:1/'],
    /cannot reach ws:\/\/127\.0\.0\.1:1\/: nothing listens there \(ECONNREFUSED\)/,
  ],
  ['a name that does not resolve', () => ['check', 'ws://nowhere.invalid/'], /nowhere\.invalid does not resolve/],
  ['a URL elsewhere', () => ['check', 'ws://192.0.2.1/'], /not on this machine.*--i-own-this-target/],
  ['a health URL elsewhere', () => server('--health-url', 'http://192.0.2.1/'), /not on this machine/],
  ['a URL of another protocol', () => ['check', 'http://127.0.0.1:1/', '--protocol', 'websocket'], /does not go with/],
  ['a URL of no protocol', () => ['check', 'ftp://127.0.0.1:1/'], /no protocol has the scheme ftp:/],
  ['a URL and a server', () => ['check', 'ws://127.0.0.1:1/', '--server', 'x'], /give one of them/],
  [
    'a protocol that comes later',
    () => server('--protocol', 'webtransport'),
    /--protocol webtransport is not built yet/,
  ],
  [
    'a .proto that is not there',
    () => server('--protocol', 'grpc', '--proto', 'none.proto'),
    /there is no file .*none\.proto: --proto names a \.proto/,
  ],
  [
    'a .proto that is none',
    () => server('--protocol', 'grpc', '--proto', 'value.json'),
    /value\.json could not be read: /,
  ],
  [
    'an unknown protocol',
    () => server('--protocol', 'websokcet'),
    /no protocol "websokcet" \(did you mean websocket\?\)/,
  ],
  ['a middlebox', () => server('--middlebox', 'nginx-default'), /--middlebox is not built yet/],
  ['no repetition', () => server('--repeat', '0'), /--repeat must be 1 or more/],
  [
    'an unknown engine',
    () => server('--engine', 'toxy'),
    /--engine must be auto, toxiproxy, docker, embedded or the URL/,
  ],
  [
    'an unknown reporter',
    () => server('--reporter', 'terminal,tap'),
    /--reporter cannot be "tap": there is no such reporter/,
  ],
  ['a budget of no number', () => config('budget.yaml'), /the budget "pongMilliseconds <= 3": there is no number/],
  ['what is no budget', () => config('form.yaml'), /targets\.chat\.budgets\.0 is no budget: write/],
  ['a run that is not there', () => ['report', 'missing'], /there is no saved run/],
  [
    'an authority that is not there',
    () => server('--ca', 'none.pem'),
    /cannot read the authority --ca .*none\.pem: ENOENT/,
  ],
  [
    'a client certificate that is none',
    () => config('certificate.yaml'),
    /clientCertificate\.cert .*good\.yaml holds no certificate in PEM form/,
  ],
  ['an authority that is none', () => server('--ca', 'good.yaml'), /good\.yaml holds no certificate in PEM form/],
  ['checks that an unset variable should have named', () => server('--only', ''), /--only names no check/],
  ['a wrong slot', () => server('--resume', 'last id'), /--resume "last id" is none of \?name=value/],
  ['a wrong environment', () => server('--quiet-env', 'QUIET'), /--quiet-env "QUIET" is not K=V/],
  ['no copies', () => server('--copies', '0'), /--copies must be 1 or more/],
  ['half a client', () => server('--clients', '2.5'), /--clients must be a whole number/],
  ['no scale', () => server('--scale', '0'), /--scale must be more than 0/],
  ['a seed in words', () => server('--seed', 'apple'), /--seed must be a number/],
  ['a port too high', () => server('--port', '70000'), /--port must be 65535 or less/],
  ['a path without a slash', () => server('--path', 'feed'), /--path must begin with \//],
  ['an unknown gate', () => server('--gate', 'E'), /--gate must be one of MUST, SHOULD, A\+, A, B, C, D/],
  ['an unknown signal', () => server('--stop-signal', 'SIGNOPE'), /--stop-signal "SIGNOPE" is no signal/],
  ['a broken pattern', () => server('--ready-log', '('), /--ready-log is not a regular expression/],
  [
    'a config with a wrong field',
    () => config('field.yaml'),
    /field\.yaml: targets\.chat\.sever: there is no such field \(did you mean server\?\)/,
  ],
  ['a config with a wrong value', () => config('value.json'), /value\.json: targets\.chat\.copies must be a number/],
  [
    'a config with a wrong top field',
    () => config('top.ts'),
    /top\.ts: there is no field "target" \(did you mean targets\?\)/,
  ],
  ['a config with an unbuilt field', () => config('unbuilt.js'), /targets\.chat\.middlebox is not built yet/],
  [
    'a waiver for a check that does not exist',
    () => config('waiver.yaml'),
    /the config waives "websocket\/no-hartbeat", which is no check of websocket \(did you mean websocket\/no-heartbeat\?\)/,
  ],
  [
    'a waiver until a day that does not exist',
    () => config('until.yaml'),
    /until\.yaml: targets\.chat\.known\.0\.until must be a day, as 2027-03-31/,
  ],
  ['a broken config', () => config('broken.json'), /cannot read .*broken\.json: /],
  ['a config of broken YAML', () => config('broken.yaml'), /cannot read .*broken\.yaml: Flow sequence .* at line \d+/],
  [
    'a config of broken JavaScript',
    () => config('broken.mjs'),
    /cannot read .*broken\.mjs: ParseError: .*broken\.mjs:1:\d+/,
  ],
  ['a folder as config', () => config('.'), /cannot read .*: Cannot find module/],
  ['a config that throws', () => config('throws.ts'), /cannot read .*throws\.ts: no such luck/],
  ['a config that is not there', () => config('none.ts'), /there is no config .*none\.ts/],
  [
    'an unknown target',
    () => config('good.yaml', 'caht'),
    /no target "caht" \(did you mean chat\?\); it has chat, feed/,
  ],
  ['several targets', () => config('good.yaml'), /say which target of .*: chat, feed/],
  ['no such run', () => ['judge', 'results/none'], /there is no saved run/],
  ['a folder that is no run', () => ['judge', '.'], /is no saved run: there is no run\.json in it/],
  [
    'a run of a newer Holdfast',
    () => ['judge', 'newer'],
    /saved by a newer Holdfast \(schema 9; this one reads up to 1\)/,
  ],
  ['a run of something else', () => ['judge', 'foreign'], /has schema "other\/1", not holdfast\.run\/1/],
  ['an unknown check to explain', () => ['explain', 'websocket/no-hertbeat'], /did you mean websocket\/no-heartbeat\?/],
  ['a session with nothing', () => ['session'], /give --upstream HOST:PORT or a target of the config/],
  [
    'a session with a strange upstream',
    () => ['session', '--upstream', 'ws://x'],
    /--upstream must be HOST:PORT, not "ws:/,
  ],
  [
    'a session with a server that is not there',
    () => ['session', '--upstream', '127.0.0.1:1'],
    /nothing listens there/,
  ],
  ['a session with another machine', () => ['session', '--upstream', '192.0.2.1:80'], /is not on this machine/],
  [
    'a session with a strange port',
    () => ['session', '--upstream', '127.0.0.1:1', '--listen', 'x'],
    /--listen must be a number/,
  ],
  ['a session of a run that is none', () => ['session', 'export', 'nowhere'], /there is no saved run/],
];

test('a results folder that cannot be made is told, and not tried for ever', async () => {
  // Below /proc a missing folder is answered with ENOENT, after which Node's recursive mkdir never ends.
  for (const results of ['/proc/holdfast/results', 'good.yaml/results']) {
    const { code, said } = await holdfast(server('--results', results));
    expect(said.trimEnd().split('\n').at(-1)).toMatch(/cannot create .*results.*; name another with --results$/);
    expect(code).toBe(3);
  }
});

describe('bad input ends with exit code 3 and one sentence', () => {
  it.each(TABLE)('%s', async (_, args, sentence) => {
    const { code, out, said } = await holdfast(args());
    expect(said).toMatch(sentence);
    expect(said.trimEnd().split('\n')).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 3, out: '' });
  });
});

describe('a target that cannot be tried ends with exit code 3, and nothing is left running', () => {
  const dies = 'node -e "console.error(\'no licence key \\u001b[31mfound\'); process.exit(7)"';
  it.each([
    ['a command that dies at once', () => ['--server', dies], /exited with code 7 .*no licence key \\e\[31mfound/],
    ['a command that is not there', () => ['--server', 'no-such-program --x'], /no-such-program/],
    [
      'a server whose port is in use',
      () => ['--server', `node -e "${PLAIN_EADDRINUSE(takenPort)}"`],
      /exited with code 1 .*EADDRINUSE/,
    ],
    [
      'a server that refuses the handshake',
      () => ['--server', `node -e "${REFUSES}"`],
      /refused a websocket handshake at \/: .*--path/,
    ],
    [
      'a client that ends at once',
      () => ['--client', 'node -e 1', '--only', 'websocket/no-reconnect'],
      /never connected to/,
    ],
  ])(
    '%s',
    async (_, args, sentence) => {
      const given = args();
      const { code, out, said } = await holdfast(['check', ...(given.includes('--only') ? [] : ONLY), ...given]);
      expect(said.trimEnd().split('\n').at(-1)).toMatch(sentence);
      expect({ code, out }).toEqual({ code: 3, out: '' });
      expect(running()).toEqual([]);
    },
    70_000,
  );

  // In a namespace of its own, the port is free.
  (canMakeNamespace().ok ? it.skip : it)('a fixed port in use', async () => {
    const { code, said } = await holdfast([
      'check',
      '--server',
      `node -e "${LISTENS}"`,
      '--port',
      String(takenPort),
      ...ONLY,
    ]);
    expect(said).toMatch(/port \d+, which .* is in use/);
    expect(code).toBe(3);
  });
});
