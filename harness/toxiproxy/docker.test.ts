import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { nowMs, until } from '../clock.js';
import { startContainer } from '../containers/container.js';
import { withContainers } from '../containers/here.test.rig.js';
import { strayContainers } from '../containers/ownership.js';
import { needRuntime } from '../containers/runtime.js';
import { createToxiproxyClient, type Route } from '../path/toxiproxy.js';
import { IMAGE, startDockerServer } from './docker.js';
import { openEngine } from './find.js';

/** A web server where gates of this route listen, and how the container calls it. */
async function upstreamOf(route: Route | undefined) {
  const server = createServer((_, response) => response.end('through'));
  server.listen(0, route?.gateHost);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { at: `${route?.upstreamHost}:${port}`, [Symbol.dispose]: () => server.close() };
}

/** Of this process; others may have theirs. */
const ids = async () => {
  const { client } = await needRuntime();
  const owned = (await client.container.list()).filter(({ Labels }) =>
    Labels['holdfast.owner']?.startsWith(`${process.pid} `),
  );
  return owned.map(({ Id }) => Id);
};

describe('Toxiproxy in a container', () => {
  for (const ports of ['direct', 'published'] as const) {
    withContainers(`delays what goes through it to this machine, its ports ${ports}`, async () => {
      await using server = await startDockerServer(ports);
      const { route } = server;
      using upstream = await upstreamOf(route);
      const client = createToxiproxyClient(server.url, { route });
      const proxies = await Promise.all(
        [1, 2, 3].map((number) => client.createProxy({ name: `p${number}`, upstream: upstream.at })),
      );
      expect(new Set(proxies.map(({ listenPort }) => listenPort)).size).toBe(3);
      await proxies[1]?.addToxic({ type: 'latency', attributes: { latency: 300 } });
      const tookMs = await Promise.all(
        proxies.map(async ({ listenHost, listenPort }) => {
          const beganMs = nowMs();
          expect(await (await fetch(`http://${listenHost}:${listenPort}/`)).text()).toBe('through');
          return nowMs() - beganMs;
        }),
      );
      expect(tookMs[1]).toBeGreaterThanOrEqual(300);
    });
  }

  withContainers('is an engine that is replaced and leaves nothing', async () => {
    const before = await ids();
    {
      await using engine = await openEngine('docker', 1);
      expect([engine.kind, engine.version]).toEqual(['docker', '2.12.0']);
      await engine.client.createProxy({ name: 'a', upstream: '192.0.2.1:9' });
      await engine.restart();
      expect(await engine.client.proxyNames()).toEqual([]);
    }
    expect(await ids()).toEqual(before);
  });

  withContainers('is removed by the reaper when its run is killed', async () => {
    const script = `require(${JSON.stringify(join(__dirname, 'docker.js'))}).startDockerServer()
      .then(({ url }) => console.log(url))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [url] = await once(child.stdout, 'data');
    const client = createToxiproxyClient(String(url).trim(), { timeoutMs: 1000 });
    expect(await client.version()).toBe('2.12.0');
    child.kill('SIGKILL');
    const gone = () =>
      client.version().then(
        () => false,
        () => true,
      );
    await until('the container is gone', gone, 30_000);
  });

  withContainers('is removed at the next start, where not even a reaper was left', async () => {
    const runtime = await needRuntime();
    await using stray = await startContainer(runtime, { image: IMAGE, labels: { 'holdfast.owner': '999999999 1' } });
    expect((await strayContainers(runtime)).map(({ id }) => id)).toContain(stray.handle.id);
    await using _ = await startDockerServer();
    expect((await strayContainers(runtime)).map(({ id }) => id)).not.toContain(stray.handle.id);
  });

  withContainers('is never pulled', async () => {
    const runtime = await needRuntime();
    const start = startContainer(runtime, { image: 'ghcr.io/shopify/toxiproxy:0.0.0' });
    await expect(start).rejects.toMatchObject({ code: 'NO_IMAGE', message: expect.stringContaining('docker pull') });
  });
});
