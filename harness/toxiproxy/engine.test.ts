import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { delay, until } from '../clock.js';
import { createToxiproxyClient, type ProxyHandle, type ToxiproxyClient } from '../path/toxiproxy.js';
import { processStartTime } from '../target/process-table.js';
import { dial, listenAnywhere, Upstream } from './conformance.test.peers.js';
import { openPrivate } from './engine.js';
import { findRealServer, openEngine } from './find.js';
import type { ServerProcess } from './server-process.js';

/** Answers what a Toxiproxy answers, but nothing about proxies once it is wedged. */
interface FakeServer extends ServerProcess {
  wedged: boolean;
  stopped: boolean;
}
async function fakes() {
  const started: FakeServer[] = [];
  const start = async () => {
    const server: Server = createServer((request, response) => {
      if (request.url === '/version') response.end('{"version": "2.12.0"}');
      else if (!fake.wedged) response.end('{}');
    });
    const port = await listenAnywhere(server);
    const fake: FakeServer = {
      url: `http://127.0.0.1:${port}`,
      pid: 0,
      wedged: false,
      stopped: false,
      async [Symbol.asyncDispose]() {
        fake.stopped = true;
        server.closeAllConnections();
        server.close();
      },
    };
    started.push(fake);
    return fake;
  };
  return { started, engine: await openPrivate('toxiproxy', start) };
}

describe('a private server that wedges', () => {
  it('is replaced when a call of the engine times out, and the error says so', async () => {
    const { started, engine } = await fakes();
    await using _ = engine;
    const [first] = started;
    if (first) first.wedged = true;
    await expect(engine.client.proxyNames()).rejects.toMatchObject({
      code: 'TOXIPROXY_TIMEOUT',
      message: expect.stringMatching(
        /within 5000 ms; this private server is killed and replaced, and its proxies are gone$/,
      ),
    });
    expect(started.map(({ stopped }) => stopped)).toEqual([true, false]);
    expect(engine.url).toBe(started[1]?.url);
    expect(await engine.client.proxyNames()).toEqual([]);
  });

  it('is not killed before the last that works with it has ended, and nobody else gets it', async () => {
    const { started, engine } = await fakes();
    await using _ = engine;
    const one = await engine.lease();
    const other = await engine.lease();
    expect([await one.reportWedged(), await other.reportWedged()]).toEqual([true, true]);
    await using later = await engine.lease();
    expect([one.url, other.url, later.url]).toEqual([started[0]?.url, started[0]?.url, started[1]?.url]);
    await one[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    expect(started.map(({ stopped }) => stopped)).toEqual([false, false]);
    await other[Symbol.asyncDispose]();
    expect(started.map(({ stopped }) => stopped)).toEqual([true, false]);
  });

  it('is found out before anybody gets it', async () => {
    const { started, engine } = await fakes();
    const [first] = started;
    if (first) first.wedged = true;
    {
      await using lease = await engine.lease();
      expect(lease.url).toBe(started[1]?.url);
      expect(started.map(({ stopped }) => stopped)).toEqual([true, false]);
    }
    await engine[Symbol.asyncDispose]();
    expect(started.map(({ stopped }) => stopped)).toEqual([true, true]);
  });
});

const binary = findRealServer();
const reason = 'no toxiproxy-server on the PATH';
const withReal = (title: string, test: (path: string) => Promise<void>) =>
  binary ? it(title, () => test(binary), 40_000) : it.skip(`${title} (${reason})`, () => undefined);

/** TOXIPROXY.md 2.8: a stage that is blocked on writing to a reader that stalls does not let itself be removed. */
async function wedge(client: ToxiproxyClient): Promise<{ readonly proxy: ProxyHandle } & AsyncDisposable> {
  const upstream = await Upstream.start();
  const proxy = await client.createProxy({ name: 'wedged', upstream: upstream.address });
  await proxy.addToxic({ type: 'latency', attributes: { latency: 1 } });
  const reader = await dial(proxy.listenPort);
  reader.socket.pause();
  (await upstream.next(0)).write(Buffer.alloc(64 * 1024 * 1024));
  await delay(500);
  return {
    proxy,
    async [Symbol.asyncDispose]() {
      reader.socket.destroy();
      upstream.close();
    },
  };
}

describe('the real server, wedged', () => {
  withReal('is killed and replaced by the call that finds out', async () => {
    await using engine = await openEngine('toxiproxy', 1);
    const before = engine.url;
    await using wedged = await wedge(engine.client);
    const removal = wedged.proxy.removeToxic('latency_downstream');
    await expect(removal).rejects.toThrow(/did not answer DELETE .* killed and replaced/);
    expect(engine.url).not.toBe(before);
    await expect(createToxiproxyClient(before).version()).rejects.toMatchObject({ code: 'TOXIPROXY_UNREACHABLE' });
    expect(await engine.client.proxyNames()).toEqual([]);
    await engine.client.createProxy({ name: 'wedged', upstream: '127.0.0.1:9' });
  });

  withReal('is replaced for those to come, while another goes on with its proxy there', async () => {
    await using engine = await openEngine('toxiproxy', 1);
    await using one = await engine.lease();
    const other = await engine.lease();
    const upstream = await Upstream.start();
    const healthy = await createToxiproxyClient(other.url).createProxy({ name: 'h', upstream: upstream.address });
    const client = await dial(healthy.listenPort);
    const server = await upstream.next(0);
    // As a scenario's process does it: by a client of its own, which then tells.
    await using wedged = await wedge(createToxiproxyClient(one.url, { timeoutMs: 1000 }));
    await expect(wedged.proxy.removeToxic('latency_downstream')).rejects.toMatchObject({ code: 'TOXIPROXY_TIMEOUT' });
    expect(await one.reportWedged()).toBe(true);
    await using later = await engine.lease();
    expect(later.url).not.toBe(one.url);
    server.write('still there');
    await client.got(11);
    await one[Symbol.asyncDispose]();
    expect(client.open).toBe(true);
    await other[Symbol.asyncDispose]();
    await client.over();
    client.socket.destroy();
    upstream.close();
  });
});

describe('a private server does not outlive a SIGKILL of ours', () => {
  const script = (start: string) => `
    const { startRealServer, startEmbeddedProcess } = require(${JSON.stringify(join(__dirname, 'server-process.js'))});
    ${start}.then((server) => console.log(server.pid));
  `;
  const killed = async (start: string, stopped: boolean) => {
    const child = spawn(process.execPath, ['-e', script(start)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    const pid = Number(String(line));
    expect(processStartTime(pid)).toBeDefined();
    // One that hangs does not see that its parent is gone.
    if (stopped) process.kill(pid, 'SIGSTOP');
    child.kill('SIGKILL');
    await until('the server is gone', () => processStartTime(pid) === undefined, 10_000);
  };
  withReal('the real one', (path) => killed(`startRealServer(${JSON.stringify(path)})`, false));
  it('the embedded one, though it hangs', () => killed('startEmbeddedProcess(1)', true), 20_000);
});
