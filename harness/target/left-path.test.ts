import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { until } from '../clock.js';
import type { EventBody } from '../contract.js';
import { LEFT_PATH, watchPath } from './left-path.js';
import { canReadSockets } from './sockets.js';

const children: ChildProcess[] = [];
const servers: Server[] = [];

async function listening(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

/** Dials the ports that it is told on its stdin. */
function client(): ChildProcess {
  const dials = 'process.stdin.on("data", (text) => require("net").connect(Number(text)).on("error", () => {}))';
  const child = spawn(process.execPath, ['-e', dials], { stdio: ['pipe', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
});

(canReadSockets().ok ? test : test.skip)(
  'a client that goes elsewhere under a fault has left the path; a peer that it always had has not',
  async () => {
    const [gate, usual, second] = [await listening(), await listening(), await listening()];
    const child = client();
    const events: EventBody[] = [];
    let looks = 0;
    let disturbed = false;
    using _watch = watchPath({
      pids: () => {
        looks += 1;
        return child.pid === undefined ? [] : [child.pid];
      },
      gatePorts: () => new Set([gate]),
      serverPorts: () => new Set([1]),
      disturbed: () => disturbed,
      record: (event) => events.push(event),
    });
    child.stdin?.write(`${gate}`);
    await until('both looks', () => looks >= 1, 5000);
    child.stdin?.write(`${usual}`);
    const calm = looks;
    await until('two more looks', () => looks >= calm + 2, 10_000);
    disturbed = true;
    const before = looks;
    await until('two looks under the fault', () => looks >= before + 2, 10_000);
    expect(events).toEqual([]);
    child.stdin?.write(`${second}`);
    await until('it is told', () => events.length > 0, 10_000);
    expect(events).toEqual([{ type: 'obstacle', code: LEFT_PATH, text: `left the path to 127.0.0.1:${second}` }]);
  },
);
