import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../contract.js';

const MAIN = join(__dirname, 'main.js');
const WS = require.resolve('ws');
const TIMEOUT_MS = 150_000;

/** A WebSocket server with a ticker; `n` is how many copies of it were started before, `k` how many clients came before this one. */
const server = (onClient: string, atStart = '') => `
  const { WebSocketServer } = require(${JSON.stringify(WS)});
  const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
  appendFileSync(__filename + '.starts', 'x');
  const n = readFileSync(__filename + '.starts').length - 1;
  ${atStart}
  const server = require('node:http').createServer();
  const sockets = new WebSocketServer({ noServer: true });
  let clients = 0, seq = 0;
  server.on('upgrade', (request, socket, head) => {
    const k = clients++;
    const refuse = () => socket.end('HTTP/1.1 403 Forbidden\\r\\nContent-Length: 0\\r\\n\\r\\n');
    const drop = (ms) => setTimeout(() => socket.destroy(), ms);
    const take = () => sockets.handleUpgrade(request, socket, head, () => {});
    ${onClient}
  });
  setInterval(() => { seq += 1; for (const one of sockets.clients) one.send(JSON.stringify({ seq })); }, 100);
  process.on('SIGTERM', () => { for (const one of sockets.clients) one.close(1001); setTimeout(() => process.exit(0), 100); });
  server.listen(process.env.PORT, process.env.HOST);
`;

/** A client that leaves each of its sessions after 300 ms, and comes again at once. */
const RESTLESS = `
  const { WebSocket } = require(${JSON.stringify(WS)});
  const come = () => {
    const socket = new WebSocket(process.env.TARGET_URL);
    socket.on('error', () => {});
    socket.on('open', () => setTimeout(() => socket.terminate(), 300));
    socket.on('close', () => setTimeout(come, 50));
  };
  come();
`;

/** Comes to the port, and says nothing: it never gets a message. */
const MUTE = `
  const { hostname, port } = new URL(process.env.TARGET_URL);
  require('node:net').connect(port, hostname).on('error', () => {});
  setInterval(() => {}, 1000);
`;

async function check(program: string, role: 'server' | 'client', only: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-broken-'));
  const file = join(folder, 'program.js');
  writeFileSync(file, program);
  try {
    const args = ['check', `--${role}`, `${process.execPath} ${file}`, '--protocol', 'websocket', '--json'];
    const more = ['--scale', '0.2', '--copies', '2', '--engine', 'embedded', '--results', folder];
    const child = spawn(process.execPath, [
      MAIN,
      ...args,
      ...more,
      '--only',
      only.map((id) => `websocket/${id}`).join(),
    ]);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    const run = stdout === '' ? undefined : (JSON.parse(stdout) as Run);
    const told = run?.verdicts.map(({ check: id, outcome, reason }) => ({ id, outcome, reason })) ?? [];
    return { code, stderr, told, decided: told.filter(({ outcome }) => outcome === 'pass' || outcome === 'fail') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const SERVERS = ['abrupt-shutdown', 'accepts-while-draining', 'hung-shutdown', 'leaked-session', 'drops-on-spike'];
const CLIENTS = ['no-reconnect', 'hung-handshake', 'silent-disconnect', 'hot-retry', 'drops-on-spike'];

describe('a server that was broken before anything was disturbed', () => {
  test.concurrent.each([
    ['refuses everybody', server('refuse();'), /403/],
    ['dies at once', 'process.exit(1);', /ended|exit/],
    ['answers every second handshake', server('k % 2 === 0 ? take() : refuse();'), /403/],
    ['drops each connection after 300 ms', server('take(); drop(300);'), /ended each session/],
  ])(
    'has no verdicts where it %s: the run says so and ends with 3',
    async (_, program, said) => {
      const { code, stderr, told } = await check(program, 'server', SERVERS);
      expect([code, told]).toEqual([3, []]);
      expect(stderr).toMatch(said);
    },
    TIMEOUT_MS,
  );

  test.concurrent.each([
    ['drop each connection after 300 ms', 'take(); if (n > 0) drop(300);', ''],
    ['refuse everybody', 'n > 0 ? refuse() : take();', ''],
    ['die at once', 'take();', 'if (n > 0) process.exit(1);'],
  ])(
    'passes and fails nothing where its later copies %s',
    async (_, onClient, atStart) => {
      const { decided, told } = await check(server(onClient, atStart), 'server', SERVERS);
      expect(told).toHaveLength(SERVERS.length);
      expect(decided).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('a client that was broken before anything was disturbed', () => {
  test.concurrent.each([
    ['leaves each session after 300 ms', RESTLESS],
    ['never gets a message', MUTE],
  ])(
    'passes and fails nothing where it %s',
    async (_, program) => {
      const { decided, told } = await check(program, 'client', CLIENTS);
      expect(told).toHaveLength(CLIENTS.length);
      expect(decided).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
