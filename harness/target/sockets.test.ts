import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { nowMs, until } from '../clock.js';
import { spawnProcess } from './process.js';
import {
  canReadSockets,
  connectionsOf,
  hasKeepaliveTimer,
  holdersOf,
  isListening,
  listenerOf,
  listeningPorts,
  livesOn,
  pickPort,
  processStartTime,
  socketState,
} from './sockets.js';

const here = canReadSockets().ok ? describe : describe.skip;

async function listen(
  host: string,
  onSocket: (socket: Socket) => void = () => undefined,
): Promise<Server & AsyncDisposable> {
  const server = createServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return Object.assign(server, { [Symbol.asyncDispose]: close });
}
const portOf = (server: Server) => (server.address() as { port: number }).port;

here('the sockets of a machine', () => {
  it('tell which processes hold a port or a connection of it, a forked worker too', async () => {
    const fork =
      'import os,socket,time\ns=socket.socket(); s.bind(("127.0.0.1",0)); s.listen()\nprint(s.getsockname()[1],flush=True)\nif os.fork()==0:\n  s.accept(); time.sleep(60)\ntime.sleep(60)';
    await using started = await spawnProcess({
      name: 'forking',
      command: `python3 -c '${fork}'`,
      env: {},
      cwd: __dirname,
      record: () => undefined,
    });
    const port = await until('it prints its port', () => Number(started.stdoutTail[0]), 10_000);
    await until('it has forked', () => started.tree().length === 2, 10_000);
    const holders = holdersOf(port, started.tree());
    expect(holders.map(({ pid }) => pid).sort()).toEqual(started.tree().sort());
    expect(holders.every(livesOn)).toBe(true);
    const worker = holders.find(({ pid }) => pid !== started.pid);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await until('the worker is gone', () => !holders.every(livesOn), 10_000);
    expect(holdersOf(port, [process.pid])).toEqual([]);
  });

  it.each(['127.0.0.1', '::1', '::', '0.0.0.0'])('tell who listens on %s', async (host) => {
    await using server = await listen(host);
    const port = portOf(server);
    const expected = { pid: process.pid, startTime: processStartTime(process.pid), owners: [process.pid] };
    expect(listenerOf(port)).toEqual(expected);
    expect(listenerOf(port, [process.pid])).toEqual(expected);
    expect(await isListening(port)).toBe(true);
    expect(listeningPorts([process.pid])).toContain(port);
  });

  it('name the topmost of several holders', async () => {
    const port = await pickPort();
    const script = `import os,socket,time;s=socket.socket();s.bind(("127.0.0.1",${port}));s.listen();[os.fork() for _ in range(2)];time.sleep(60)`;
    const record = () => undefined;
    await using server = await spawnProcess({
      name: 'forking',
      command: `python3 -c '${script}'`,
      env: {},
      cwd: '/',
      record,
    });
    const listener = await until(
      'four hold it',
      () => {
        const found = listenerOf(port, server.tree());
        return found?.owners.length === 4 ? found : undefined;
      },
      10_000,
    );
    expect(listener?.pid).toBe(server.pid);
    expect(listenerOf(port)?.pid).toBe(server.pid);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
  ])('tell the connections of a process and their keepalive (%s)', async (host, to) => {
    const accepted: Socket[] = [];
    await using server = await listen(host, (socket) => void accepted.push(socket));
    const client = connect(portOf(server), to);
    await until('accepted', () => accepted[0], 2_000);
    const remotePort = client.localPort ?? 0;
    const seen = connectionsOf([process.pid]).find((each) => each.localPort === portOf(server));
    expect(seen).toEqual({
      localAddress: to,
      localPort: portOf(server),
      remoteAddress: to,
      remotePort,
      state: 'ESTABLISHED',
    });
    expect(hasKeepaliveTimer(portOf(server), remotePort)).toBe(false);
    accepted[0]?.setKeepAlive(true, 60_000);
    expect(hasKeepaliveTimer(portOf(server), remotePort)).toBe(true);
    expect(hasKeepaliveTimer(remotePort, portOf(server))).toBe(false);
    expect(socketState(portOf(server), remotePort)).toBe('ESTABLISHED');
    client.end();
    await until('half closed', () => socketState(portOf(server), remotePort) !== 'ESTABLISHED', 2_000);
    for (const socket of [client, ...accepted]) socket.destroy();
    await until('gone', () => accepted.every((socket) => socket.closed), 2_000);
    expect(hasKeepaliveTimer(portOf(server), remotePort)).toBeUndefined();
  });

  it('know nothing of a port or a process that is not there', async () => {
    expect(listenerOf(await pickPort())).toBeUndefined();
    expect(await isListening(await pickPort())).toBe(false);
    expect(connectionsOf([2 ** 22 + 1])).toEqual([]);
    expect(processStartTime(2 ** 22 + 1)).toBeUndefined();
  });

  it('are looked at quickly', async () => {
    await using server = await listen('127.0.0.1');
    const since = nowMs();
    for (let round = 0; round < 10; round++) listenerOf(portOf(server), [process.pid]);
    expect((nowMs() - since) / 10).toBeLessThan(100);
  });
});

describe('a picked port', () => {
  it('is free, outside the ephemeral range, and never given twice', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, pickPort));
    expect(new Set(ports).size).toBe(50);
    // Linux' default; a machine with another one may leave no room outside.
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
    if (range.join() === '32768,60999') expect(ports.filter((port) => port > 32_767 && port < 61_000)).toEqual([]);
  });
});
