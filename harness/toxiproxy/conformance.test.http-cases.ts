import { delay } from '../clock.js';
import { closedPort } from './conformance.test.peers.js';
import { type ConformanceCase, expectJsonError, expectNow, now, portOf, toxic } from './conformance.test.rig.js';

/** D01 to D15: the API, updates, populate, reset. */
export const httpCases: readonly ConformanceCase[] = [
  {
    id: 'D01',
    title: 'routes, misses and the browser block',
    async run(rig) {
      const version = await rig.ok(200, 'GET', '/version');
      expect(version.json.version).toMatch(/\d/);
      expect((await rig.ok(200, 'GET', '/proxies')).json).toEqual({});
      await rig.ok(404, 'GET', '/nope');
      await rig.ok(404, 'GET', '/proxies/');
      expect((await rig.ok(405, 'PUT', '/proxies')).text).toBe('');
      const browser = { 'User-Agent': 'Mozilla/5.0' };
      const blocked = await rig.api('GET', '/proxies', undefined, browser);
      expect([blocked.status, blocked.text.trim()]).toEqual([403, 'User agent not allowed']);
      expect((await rig.api('GET', '/proxies', undefined, { 'User-Agent': 'mozilla/5.0' })).status).toBe(200);
      expect((await rig.api('GET', '/nope', undefined, browser)).status).toBe(404);
    },
  },
  {
    id: 'D02',
    title: 'bodies that are no proxy',
    async run(rig) {
      const post = (body: string) => rig.api('POST', '/proxies', body);
      expectJsonError(await post(''), 400, /^bad request body: EOF$/);
      expectJsonError(await post('{bad'), 400, /^bad request body: /);
      expectJsonError(await post('{"name":5}'), 400, /^bad request body: /);
      expectJsonError(await post('[]'), 400, /^bad request body: /);
      expectJsonError(await post('{}'), 400, /^missing required field: name$/);
      const last = await post('{"name":"a"}');
      expectJsonError(last, 400, /^missing required field: upstream$/);
      expect(last.type).toMatch(/^text\/plain/);
    },
  },
  {
    id: 'D03',
    title: 'name and address conflicts',
    async run(rig) {
      const body = { name: 'a', listen: 'localhost:0', upstream: 'localhost:1' };
      const a = (await rig.ok(201, 'POST', '/proxies', body)).json;
      expect(a).toMatchObject({ name: 'a', upstream: 'localhost:1', enabled: true, toxics: [] });
      expect(a.listen).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
      expectJsonError(await rig.api('POST', '/proxies', body), 409, /^proxy already exists$/);
      const clash = await rig.api('POST', '/proxies', { name: 'b', listen: a.listen, upstream: 'x:1' });
      expectJsonError(clash, 500, /^listen tcp 127\.0\.0\.1:\d+: bind: address already in use$/);
      await rig.ok(200, 'GET', '/proxies/a');
      expectJsonError(await rig.api('GET', '/proxies/b'), 404, /^proxy not found$/);
    },
  },
  {
    id: 'D04',
    title: 'keys of any case, unknown keys, trailing bytes',
    async run(rig) {
      const body = '{"NAME":"a","Upstream":"x:1","listen":"localhost:0","odd":[{}]} and } garbage';
      expect((await rig.ok(201, 'POST', '/proxies', body)).json).toMatchObject({ name: 'a', upstream: 'x:1' });
    },
  },
  {
    id: 'D05',
    title: 'a proxy created disabled echoes its listen literally until it is enabled',
    async run(rig) {
      const port = await closedPort();
      const upstream = await rig.upstream();
      const body = { name: 'a', listen: `localhost:${port}`, upstream: upstream.address, enabled: false };
      const made = (await rig.ok(201, 'POST', '/proxies', body)).json;
      expect(made).toMatchObject({ listen: `localhost:${port}`, enabled: false });
      await expect(rig.dial(port)).rejects.toThrow('ECONNREFUSED');
      const enabled = (await rig.ok(200, 'PATCH', '/proxies/a', { enabled: true })).json;
      expect(enabled).toMatchObject({ listen: `127.0.0.1:${port}`, enabled: true });
      await rig.dial(port);
      await upstream.next(0);
    },
  },
  {
    id: 'D06',
    title: '0.0.0.0 is never the same as the [::] that is stored',
    async run(rig) {
      const upstream = await rig.upstream();
      const port = await closedPort();
      const listen = `0.0.0.0:${port}`;
      const made = (await rig.ok(201, 'POST', '/proxies', { name: 'a', listen, upstream: upstream.address })).json;
      if (made.listen === listen) return; // No IPv6 here.
      expect(made.listen).toBe(`[::]:${port}`);
      const first = await rig.dial(port);
      await upstream.next(0);
      const at = now();
      await rig.ok(200, 'PATCH', '/proxies/a', { listen });
      expectNow(await first.over(), at);
      const second = await rig.dial(port);
      await upstream.next(1);
      await rig.ok(200, 'PATCH', '/proxies/a', { listen: `[::]:${port}` });
      await delay(50);
      expect(second.open).toBe(true);
    },
  },
  {
    id: 'D07',
    title: 'updates that change nothing leave connections open',
    async run(rig) {
      const proxy = await rig.proxy();
      const { client } = await proxy.open();
      for (const method of ['PATCH', 'POST']) {
        for (const body of [{}, { enabled: true }, { name: 'z' }]) {
          expect((await rig.ok(200, method, proxy.path, body)).json.name).toBe(proxy.name);
        }
      }
      await delay(50);
      expect(client.open).toBe(true);
    },
  },
  {
    id: 'D08',
    title: 'an address that cannot be resolved changes nothing; one that is taken disables the proxy',
    async run(rig) {
      const proxy = await rig.proxy();
      const taken = await rig.proxy();
      const before = await proxy.show();
      expectJsonError(
        await rig.api('PATCH', proxy.path, { listen: 'foo' }),
        500,
        /address foo: missing port in address$/,
      );
      expect(await proxy.show()).toEqual(before);
      const listen = `127.0.0.1:${taken.port}`;
      expectJsonError(await rig.api('PATCH', proxy.path, { listen }), 500, /address already in use$/);
      expect(await proxy.show()).toMatchObject({ listen, enabled: false });
      expectJsonError(await rig.api('PATCH', proxy.path, { enabled: true }), 500, /address already in use$/);
    },
  },
  {
    id: 'D09',
    title: 'a new upstream closes every connection and keeps port and toxics',
    async run(rig) {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 1 }));
      const other = await rig.upstream();
      const { client, server } = await proxy.open();
      const before = await proxy.show();
      const at = now();
      const after = await proxy.patch({ upstream: other.address });
      expectNow(await client.over(), at);
      expectNow(await server.over(), at);
      expect(after).toEqual({ ...before, upstream: other.address });
      await rig.dial(proxy.port);
      await other.next(0);
    },
  },
  {
    id: 'D10',
    title: 'defaults and refusals of a new toxic',
    async run(rig) {
      const proxy = await rig.proxy();
      const post = (body: unknown) => rig.api('POST', `${proxy.path}/toxics`, body);
      expect((await post({ type: 'latency' })).json).toEqual({
        attributes: { latency: 0, jitter: 0 },
        name: 'latency_downstream',
        type: 'latency',
        stream: 'downstream',
        toxicity: 1,
      });
      expectJsonError(await post({ type: 'latency' }), 409, /^toxic already exists$/);
      expect((await post({ type: 'latency', stream: 'upstream' })).json.name).toBe('latency_upstream');
      expectJsonError(await post({ type: 'down' }), 400, /^invalid toxic type$/);
      expectJsonError(await post({ type: 'latency', stream: 'x' }), 400, /^stream was invalid/);
      expectJsonError(await post({ type: 'latency', stream: '' }), 400, /^stream was invalid/);
      for (const latency of [1.5, '5']) {
        expectJsonError(
          await post({ type: 'latency', name: 'n', attributes: { latency } }),
          400,
          /^bad request body: /,
        );
      }
      const literal = '{"type":"latency","name":"n","attributes":{"latency":5.0}}';
      expectJsonError(await post(literal), 400, /^bad request body: /);
    },
  },
  {
    id: 'D11',
    title: 'lists have upstream toxics first, each direction in order of creation',
    async run(rig) {
      const named = (name: string, stream: string) => ({ type: 'noop', name, stream });
      const proxy = await rig.proxy(named('d1', 'downstream'), named('u', 'upstream'), named('d2', 'downstream'));
      const names = (toxics: readonly { name: string }[]) => toxics.map((one) => one.name);
      expect(names((await rig.ok(200, 'GET', `${proxy.path}/toxics`)).json)).toEqual(['u', 'd1', 'd2']);
      expect(names((await proxy.show()).toxics)).toEqual(['u', 'd1', 'd2']);
    },
  },
  {
    id: 'D12',
    title: 'updates merge attributes, honour toxicity, ignore the rest',
    async run(rig) {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 5, jitter: 3 }));
      const first = await proxy.change('latency', { attributes: { latency: 7 } });
      expect(first.attributes).toEqual({ latency: 7, jitter: 3 });
      const second = await proxy.change('latency', { toxicity: 0.5, name: 'q', stream: 'upstream' });
      expect(second).toEqual({ ...first, toxicity: 0.5 });
      expect((await proxy.change('latency', { toxicity: 0.123456789 })).toxicity).toBe(0.12345679);
    },
  },
  {
    id: 'D13',
    title: 'what does not exist',
    async run(rig) {
      const proxy = await rig.proxy();
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const body = method === 'PATCH' ? '{}' : undefined;
        expectJsonError(await rig.api(method, '/proxies/none', body), 404, /^proxy not found$/);
        expectJsonError(await rig.api(method, '/proxies/none/toxics/t', body), 404, /^proxy not found$/);
        expectJsonError(await rig.api(method, `${proxy.path}/toxics/t`, body), 404, /^toxic not found$/);
      }
    },
  },
  {
    id: 'D14',
    title: 'populate creates, keeps, replaces, and stops at the first failure',
    async run(rig) {
      const ports = [await closedPort(), await closedPort(), await closedPort(), await closedPort()];
      const entry = (name: string, port: number | undefined, upstream = 'x:1') => ({
        name,
        listen: `127.0.0.1:${port}`,
        upstream,
      });
      const both = [entry('p1', ports[0]), entry('p2', ports[1])];
      const names = (proxies: readonly { name: string }[]) => proxies.map((one) => one.name);
      expect(names((await rig.ok(201, 'POST', '/populate', both)).json.proxies)).toEqual(['p1', 'p2']);
      await rig.ok(200, 'POST', '/proxies/p1/toxics', { type: 'noop' });
      await rig.ok(200, 'PATCH', '/proxies/p1', { enabled: false });
      const [kept] = (await rig.ok(201, 'POST', '/populate', both)).json.proxies;
      expect([kept.enabled, kept.toxics.length]).toEqual([false, 1]);
      const [replaced] = (await rig.ok(201, 'POST', '/populate', [entry('p1', ports[0], 'y:2')])).json.proxies;
      expect([replaced.enabled, replaced.toxics.length, replaced.upstream]).toEqual([true, 0, 'y:2']);
      const clash = await rig.api('POST', '/populate', [
        entry('ok', ports[2]),
        entry('no', ports[1]),
        entry('third', ports[3]),
      ]);
      expect([clash.status, names(clash.json.proxies)]).toEqual([500, ['ok']]);
      expect(clash.json.error).toMatch(/address already in use$/);
      await rig.ok(404, 'GET', '/proxies/third');
      expect((await rig.ok(201, 'POST', '/populate', [])).json).toEqual({ proxies: null });
      const nameless = await rig.api('POST', '/populate', [entry('new', 0), { upstream: 'x:1' }]);
      expect([nameless.status, nameless.json.proxies]).toEqual([400, null]);
      expect(nameless.json.error).toMatch(/^missing required field: name at proxy 2$/);
      await rig.ok(404, 'GET', '/proxies/new');
    },
  },
  {
    id: 'D15',
    title: 'reset enables every proxy and lifts every toxic, and leaves connections open',
    async run(rig) {
      const disabled = await rig.proxy();
      await disabled.patch({ enabled: false });
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 1000 }));
      const { client, server } = await proxy.open();
      await rig.ok(204, 'POST', '/reset');
      expect((await disabled.show()).enabled).toBe(true);
      expect((await proxy.show()).toxics).toEqual([]);
      const at = server.write('x');
      expectNow(await client.got(1), at);
      expect(portOf((await disabled.show()).listen)).toBe(disabled.port);
    },
  },
];
