import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { within } from '../clock.js';
import { HarnessError } from '../errors.js';
import { createToxiproxyClient } from '../path/toxiproxy.js';
import { findRealServer, openEngine } from './find.js';

const untouched = { ...process.env };
afterEach(() => {
  process.env = { ...untouched };
});
beforeEach(() => {
  for (const name of ['TOXIPROXY_URL', 'HOLDFAST_REQUIRE']) delete process.env[name];
});

/** A PATH without any Toxiproxy, and no Docker. */
function withoutRealServer(): void {
  process.env.PATH = '/nonexistent';
  process.env.DOCKER_HOST = 'unix:///nonexistent';
}

it('auto falls back to the embedded server as a process of its own', async () => {
  withoutRealServer();
  await using engine = await openEngine('auto', 1);
  expect([engine.kind, engine.version]).toEqual(['embedded', '2.12.0']);
  expect(await engine.client.proxyNames()).toEqual([]);
});

it('auto fails where HOLDFAST_REQUIRE asks for a real server and there is none', async () => {
  withoutRealServer();
  process.env.HOLDFAST_REQUIRE = 'docker, toxiproxy';
  await expect(openEngine('auto', 1)).rejects.toMatchObject({ name: 'HarnessError', code: 'ENGINE' });
});

it('toxiproxy and a senseless choice fail with the reason', async () => {
  withoutRealServer();
  await expect(openEngine('toxiproxy', 1)).rejects.toThrow(/no toxiproxy-server on the PATH/);
  await expect(openEngine('magic', 1)).rejects.toThrow(/none of auto, toxiproxy, docker, embedded or a URL/);
});

it('takes the server of TOXIPROXY_URL, does not stop it, and will not restart it', async () => {
  await using own = await openEngine('embedded', 1);
  process.env.TOXIPROXY_URL = `${own.url}/`;
  {
    await using engine = await openEngine('auto', 1);
    expect(engine.url).toBe(own.url);
    await expect(async () => engine.restart()).rejects.toThrow(/not ours to restart/);
  }
  expect(await own.client.version()).toBe('2.12.0');
});

it('a URL without a Toxiproxy is a HarnessError', async () => {
  await expect(openEngine('http://127.0.0.1:9', 1)).rejects.toMatchObject({ code: 'TOXIPROXY_UNREACHABLE' });
});

const onceReal = findRealServer() ? it : it.skip;
onceReal('auto starts a private real server, and stops it', async () => {
  let url: string;
  {
    await using engine = await openEngine('auto', 1);
    expect([engine.kind, engine.version]).toEqual(['toxiproxy', expect.stringMatching(/\d/)]);
    url = engine.url;
  }
  await expect(createToxiproxyClient(url).version()).rejects.toMatchObject({ code: 'TOXIPROXY_UNREACHABLE' });
});

it('restart replaces a wedged server', async () => {
  await using engine = await openEngine('embedded', 1);
  await engine.client.createProxy({ name: 'a', upstream: '127.0.0.1:9' });
  const before = engine.url;
  await engine.restart();
  expect(await engine.client.proxyNames()).toEqual([]);
  await expect(createToxiproxyClient(before).version()).rejects.toBeInstanceOf(HarnessError);
});

describe('the embedded process', () => {
  const script = join(__dirname, 'serve.js');
  const ends = (child: ChildProcess) => within('the end of the server', 5000, once(child, 'exit'));

  it('ends when its parent closes the IPC channel', async () => {
    const child = fork(script, ['--port', '0'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    const [message] = await once(child, 'message');
    expect(message).toEqual({ url: expect.stringMatching(/^http:/), seed: expect.any(Number), pid: child.pid });
    child.disconnect();
    expect((await ends(child))[0]).toBe(0);
  });

  it('prints where it is as a line of JSON, and ends with the pipe on its stdin', async () => {
    const child = spawn(process.execPath, [script, '--port', '0', '--seed', '5'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = await once(child.stdout, 'data');
    const { url, seed } = JSON.parse(String(line));
    expect(seed).toBe(5);
    expect(await createToxiproxyClient(url).version()).toBe('2.12.0');
    child.stdin.end();
    expect((await ends(child))[0]).toBe(0);
  });

  it('says why it cannot start', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const child = spawn(process.execPath, [script, '--port', port], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [text] = await once(child.stderr, 'data');
    expect(String(text)).toMatch(/could not listen on 127\.0\.0\.1:\d+/);
    expect((await ends(child))[0]).toBe(3);
    taken.close();
  });
});
