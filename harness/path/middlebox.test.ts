import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as listen, type Socket } from 'node:net';
import { PROXIES } from './find-proxy.js';
import { openMiddlebox } from './middlebox.js';
import { COMBINATIONS } from './middlebox.test.cases.js';
import { classOf, type Passing, passThrough, startOrigin } from './middlebox.test.rig.js';
import { proxyHere } from './proxy-here.test.rig.js';
import { PROFILES, type ProxySettings } from './proxy-profiles.js';
import { startProxy } from './real-proxy.js';

describe.each(PROXIES)('our middlebox is like %s', (kind) => {
  const by = proxyHere(kind);
  const combinations = COMBINATIONS.filter(({ settings }) => settings.kind === kind);
  if (by === undefined) {
    test.skip(`there is no ${kind} on this machine`, () => {});
    return;
  }
  const seen = new Map<string, { readonly real: Promise<Passing>; readonly ours: Promise<Passing> }>();
  const opened: AsyncDisposable[] = [];

  beforeAll(async () => {
    const origins = await Promise.all(combinations.map(startOrigin));
    const routes = combinations.map(({ settings }, n) => ({ to: origins[n] ?? { host: '', port: 0 }, settings }));
    const proxy = await startProxy({ by, name: kind, routes, record: () => {} });
    opened.push(...origins, proxy);
    // Side by side: each spends its time waiting.
    for (const [n, one] of combinations.entries()) {
      const [upstream, origin] = [await startOrigin(one), origins[n]];
      const middlebox = await openMiddlebox({ upstream, settings: one.settings });
      opened.push(upstream, middlebox);
      if (!origin) continue;
      const real = passThrough(one, origin, { host: proxy.host, port: proxy.ports[n] ?? 0 });
      const ours = passThrough(one, upstream, middlebox);
      for (const one of [real, ours]) one.catch(() => {});
      seen.set(one.name, { real, ours });
    }
  }, 30_000);
  afterAll(async () => {
    for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
  }, 30_000);

  test.each(combinations.map((one) => [one.name, one] as const))(
    '%s',
    async (name, { settings, ends }) => {
      const real = await seen.get(name)?.real;
      const ours = await seen.get(name)?.ours;
      if (!real || !ours) throw new Error('it was not tried');
      expect(classOf(ours)).toEqual(classOf(real));
      if (ends !== 'never') return;
      for (const { endedAfterMs } of [real, ours]) expect(endedAfterMs).toBeLessThan(settings.readTimeoutMs + 2000);
    },
    60_000,
  );

  test('instead of an answer that does not come, its own page', async () => {
    const settings = { ...PROFILES[kind === 'nginx' ? 'nginx-default' : 'haproxy'], readTimeoutMs: 1000 };
    await using mute = await startTcp(() => {});
    await using rude = await startTcp((socket) => socket.once('data', () => socket.end()));
    const closed = await startTcp(() => {});
    await closed[Symbol.asyncDispose]();
    const upstreams = [mute, rude, closed];
    const routes = upstreams.map((to) => ({ to, settings }));
    await using real = await startProxy({ by, name: kind, routes, record: () => {} });
    for (const [n, upstream] of upstreams.entries()) {
      await using ours = await openMiddlebox({ upstream, settings });
      const page = async (port: number) => {
        const { status, type, text } = await fetchFrom(port);
        return [status, type?.split(';')[0], /^(<!doctype )?<?html/i.test(text)];
      };
      expect(await page(ours.port)).toEqual(await page(real.ports[n] ?? 0));
    }
  }, 30_000);
});

describe('our middlebox is like nginx with proxy_cache', () => {
  const by = proxyHere('nginx');
  const settings: ProxySettings = PROFILES['nginx-cache'];
  const cases: readonly Readonly<Record<string, string>>[] = [
    {},
    { 'Cache-Control': 'no-cache' },
    { 'Cache-Control': 'no-store, no-transform' },
    { 'Cache-Control': 'private' },
    { 'Cache-Control': 'max-age=0' },
    { 'Cache-Control': 'public, max-age=60' },
    { 'Cache-Control': 'no-transform' },
    { 'Cache-Control': 'must-revalidate' },
    { Pragma: 'no-cache' },
    { Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' },
    { Expires: '0' },
    { 'Set-Cookie': 'a=b' },
    { Vary: '*' },
    { 'X-Accel-Buffering': 'no' },
  ];
  if (by === undefined) {
    test.skip('there is no nginx on this machine', () => {});
    return;
  }
  test('in who gets an answer that was another client’s', async () => {
    const servers = await Promise.all(cases.map(startCounter));
    const routes = servers.map((to) => ({ to, settings }));
    await using real = await startProxy({ by, name: 'nginx', routes, record: () => {} });
    for (const [n, upstream] of servers.entries()) {
      await using ours = await openMiddlebox({ upstream, settings });
      const texts = [];
      for (const port of [real.ports[n] ?? 0, ours.port]) {
        const first = await fetchFrom(port);
        const second = await fetchFrom(port);
        texts.push({ of: cases[n], shared: first.text === second.text });
      }
      expect(texts[1]).toEqual(texts[0]);
      await upstream[Symbol.asyncDispose]();
    }
  }, 30_000);
});

/** Each answer is another one. */
async function startCounter(headers: Readonly<Record<string, string>>) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(200, { 'Content-Type': 'text/event-stream', ...headers }).end(`data: ${asked}\n\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function startTcp(meet: (socket: Socket) => void) {
  const server = listen((socket) => {
    socket.on('error', () => {});
    meet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

async function fetchFrom(port: number) {
  const [response] = (await once(get({ host: '127.0.0.1', port, agent: false }), 'response')) as [IncomingMessage];
  const text = (await response.toArray()).map(String).join('');
  return { status: response.statusCode, type: response.headers['content-type'], text };
}
