import { once } from 'node:events';
import { createServer } from 'node:net';
import { startEmbedded } from '../toxiproxy/embedded.js';
import { createToxiproxyClient, type ToxiproxyClient } from './toxiproxy.js';

async function withClient(test: (client: ToxiproxyClient) => Promise<void>): Promise<void> {
  await using server = await startEmbedded({ seed: 1 });
  await test(createToxiproxyClient(`${server.url}/`));
}
const upstream = '127.0.0.1:9';

it('manages proxies and toxics', () =>
  withClient(async (client) => {
    expect(await client.version()).toBe('2.12.0');
    const proxy = await client.createProxy({ name: 'a', upstream });
    expect(proxy).toMatchObject({ name: 'a', listenHost: '127.0.0.1', listenPort: expect.any(Number) });
    const added = await proxy.addToxic({ type: 'latency', attributes: { latency: 5 }, toxicity: 0.3 });
    expect(added).toMatchObject({ name: 'latency_downstream', toxicity: 0.3, attributes: { latency: 5, jitter: 0 } });
    const updated = await proxy.updateToxic(added.name, { attributes: { jitter: 2 } });
    expect(updated).toEqual({ ...added, attributes: { latency: 5, jitter: 2 } });
    await proxy.removeToxic(added.name);
    await expect(proxy.getToxic(added.name)).rejects.toThrow(/toxic not found/);
    await proxy.setEnabled(false);
    await client.reset();
    await proxy.setEnabled(true);
    await proxy.setUpstream('127.0.0.1:10');
    expect(await client.proxyNames()).toEqual(['a']);
    await proxy.remove();
    await proxy.remove();
    expect(await client.proxyNames()).toEqual([]);
  }));

it('tells what the server said', () =>
  withClient(async (client) => {
    const proxy = await client.createProxy({ name: 'a', upstream });
    await expect(client.createProxy({ name: 'a', upstream })).rejects.toMatchObject({
      code: 'TOXIPROXY_REFUSED',
      message: expect.stringMatching(/with 409: proxy already exists$/),
    });
    await expect(proxy.addToxic({ type: 'down' })).rejects.toThrow(/with 400: invalid toxic type$/);
  }));

it('finds a misspelt attribute by reading back, and leaves no toxic behind', () =>
  withClient(async (client) => {
    const proxy = await client.createProxy({ name: 'a', upstream });
    await expect(proxy.addToxic({ type: 'latency', attributes: { latencyMs: 5 } })).rejects.toMatchObject({
      code: 'TOXIPROXY_READBACK',
      message: expect.stringMatching(/no latencyMs \(it has latency, jitter\)/),
    });
    await expect(proxy.getToxic('latency_downstream')).rejects.toThrow(/toxic not found/);
    await proxy.addToxic({ type: 'latency' });
    const change = proxy.updateToxic('latency_downstream', { attributes: { delay: 5 } });
    await expect(change).rejects.toMatchObject({ code: 'TOXIPROXY_READBACK' });
  }));

it('escapes names, and refuses those that no path can hold', () =>
  withClient(async (client) => {
    const proxy = await client.createProxy({ name: 'what? 50% #1', upstream });
    const toxic = await proxy.addToxic({ type: 'noop', name: 'é?' });
    await proxy.removeToxic(toxic.name);
    await proxy.remove();
    await expect(client.createProxy({ name: 'a/b', upstream })).rejects.toMatchObject({ code: 'TOXIPROXY_NAME' });
  }));

it('gives up on a server that does not answer', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  const sockets: { destroy(): void }[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  await once(silent, 'listening');
  const address = silent.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  await expect(createToxiproxyClient(url, { timeoutMs: 100 }).version()).rejects.toMatchObject({
    code: 'TOXIPROXY_TIMEOUT',
    message: expect.stringMatching(/GET .*\/version within 100 ms/),
  });
  silent.close();
  for (const socket of sockets) socket.destroy();
});
