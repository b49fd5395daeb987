import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { canDropPackets, canMakeNamespace, namespaceCommand } from './namespace.js';
import { dropWays } from './packet-drop.js';

/** Two connections, of which one server side has a short keepalive; tells what both see within 7 s of being cut. */
const pair = `
import json, select, socket, sys
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()
port = listener.getsockname()[1]
clients = []; servers = []
for alive in (True, False):
    client = socket.create_connection(('127.0.0.1', port)); clients.append(client)
    server = listener.accept()[0]; servers.append(server)
    if alive:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 2)):
            server.setsockopt(socket.IPPROTO_TCP, option, value)
control = socket.create_connection(('127.0.0.1', port)); answer = listener.accept()[0]
print(json.dumps([port] + [c.getsockname()[1] for c in clients]), flush=True)
sys.stdin.readline()
def look(s, wait):
    if not select.select([s], [], [], wait)[0]: return 'silence'
    try: return s.recv(9).decode() or 'end'
    except OSError as error: return type(error).__name__
clients[1].send(b'lost'); control.send(b'kept')
seen = [look(servers[0], 7), look(servers[1], 0.1), look(clients[0], 0.1), look(clients[1], 0.1), look(answer, 0.1)]
print(json.dumps(seen), flush=True)
sys.stdin.readline()
print(json.dumps(look(servers[1], 10)), flush=True)
`;

/** Runs inside the namespace: \`argv[1]\` is the way to try, or "best". */
const inside = `
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const { dropPackets, canDropPackets } = require(${JSON.stringify(join(__dirname, 'namespace.js'))});
const { dropWays } = require(${JSON.stringify(join(__dirname, 'packet-drop.js'))});
const { hasKeepaliveTimer } = require(${JSON.stringify(join(__dirname, 'sockets.js'))});
(async () => {
  const way = dropWays.find((each) => each.name === process.argv[1]);
  if (way && (way.drop(1, 2) ?? way.heal(1, 2)) !== undefined) return console.log(JSON.stringify({ unavailable: true }));
  const python = spawn('python3', ['-c', process.env.PAIR], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  const [port, ...remotes] = await next();
  const timers = remotes.map((remote) => hasKeepaliveTimer(port, remote));
  const drops = [];
  for (const remote of remotes) {
    if (way) way.drop(port, remote); else drops.push(await dropPackets(port, remote));
  }
  python.stdin.write('\\n');
  const seen = await next();
  if (way) for (const remote of remotes) way.heal(port, remote);
  for (const drop of drops) await drop[Symbol.asyncDispose]();
  python.stdin.write('\\n');
  console.log(JSON.stringify({ timers, seen, healed: await next(), able: canDropPackets() }));
})();
`;

function runInside(way: string): Promise<Record<string, unknown>> {
  const [file = '', ...args] = namespaceCommand([process.execPath, '-e', inside, way]);
  return new Promise((resolve, reject) => {
    execFile(file, args, { env: { ...process.env, PAIR: pair }, timeout: 28_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message} ${stderr}`));
      else resolve(JSON.parse(stdout));
    });
  });
}

const able = canMakeNamespace();
const whereAble = able.ok ? describe : describe.skip;

describe('packets', () => {
  it('are never dropped outside a namespace of our own', () => {
    expect(canDropPackets()).toEqual({ ok: false, reason: expect.stringContaining('not inside') });
  });
});

whereAble('a network namespace', () => {
  it('has loopback and nothing else, and passes the exit code on', async () => {
    const [file = '', ...args] = namespaceCommand(['sh', '-c', 'cut -d: -f1 -s /proc/net/dev; exit 7']);
    const [code, stdout] = await new Promise<[unknown, string]>((resolve) =>
      execFile(file, args, (error, out) => resolve([error?.code, out])),
    );
    expect(code).toBe(7);
    expect(stdout).toContain('lo');
    expect(stdout).not.toMatch(/eth|ens|wl/);
  });

  it.concurrent.each(['best', ...dropWays.map((way) => way.name)])(
    'loses all packets of one connection, noticed only by TCP keepalive (%s)',
    async (way) => {
      const told = await runInside(way);
      if (told.unavailable) return;
      expect(told).toEqual({
        timers: [true, false],
        // Keepalive found it dead; without one nothing was seen on either side; a third connection went on.
        seen: ['TimeoutError', 'silence', 'silence', 'silence', 'kept'],
        // What was sent meanwhile arrives by retransmission.
        healed: 'lost',
        able: expect.objectContaining({ ok: way === 'best' ? true : expect.any(Boolean) }),
      });
    },
    30_000,
  );
});
