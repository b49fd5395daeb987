import { delay } from '../clock.js';
import { closedPort } from './conformance.test.peers.js';
import { type ConformanceCase, expectAt, expectNow, now, toxic } from './conformance.test.rig.js';

/** D17 to D23, D42: ends of connections. */
export const closingCases: readonly ConformanceCase[] = [
  {
    id: 'D17',
    title: 'a half-close by the client closes both sides: the late reply is lost',
    async run(rig) {
      const { client, server } = await (await rig.proxy()).open();
      client.write('hi');
      const at = client.fin();
      expectNow(await server.over(), at);
      expect([server.text, server.ended]).toEqual(['hi', 'FIN']);
      expectNow(await client.over(), at);
      await delay(100);
      server.write('reply');
      await delay(50);
      expect([client.ended, client.text]).toEqual(['FIN', '']);
    },
  },
  {
    id: 'D18',
    title: 'a half-close by the server closes both sides: the late request is lost',
    async run(rig) {
      const { client, server } = await (await rig.proxy()).open();
      server.write('bye');
      const at = server.fin();
      expectNow(await client.over(), at);
      expect([client.text, client.ended]).toEqual(['bye', 'FIN']);
      await delay(100);
      client.write('late');
      await delay(50);
      expect(server.text).toBe('');
    },
  },
  {
    id: 'D19',
    title: 'a RST by either side reaches the other as a FIN',
    async run(rig) {
      const proxy = await rig.proxy();
      const first = await proxy.open();
      expectNow(await whenOver(first.server, first.client.rst()), 0);
      expect(first.server.ended).toBe('FIN');
      const second = await proxy.open();
      expectNow(await whenOver(second.client, second.server.rst()), 0);
      expect(second.client.ended).toBe('FIN');
    },
  },
  {
    id: 'D20',
    title: 'an upstream that refuses: the connect succeeds, then the connection is closed',
    async run(rig) {
      const proxy = await rig.proxy();
      await proxy.patch({ upstream: `127.0.0.1:${await closedPort()}` });
      const silent = await rig.dial(proxy.port);
      expectNow(await silent.over(), now());
      expect(silent.ended).toBe('FIN');
      const writing = await rig.dial(proxy.port);
      expectNow(await whenOver(writing, writing.write('x')), 0);
    },
  },
  {
    id: 'D21',
    title: 'disabling closes everything at once, what toxics hold included',
    async run(rig) {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 300 }));
      const { client, server } = await proxy.open();
      server.write('lost');
      await delay(50);
      const at = now();
      await proxy.patch({ enabled: false });
      expectNow(await client.over(), at);
      expectNow(await server.over(), at);
      expect(client.text).toBe('');
      await expect(rig.dial(proxy.port)).rejects.toThrow('ECONNREFUSED');
      expect((await proxy.patch({ enabled: true })).toxics).toHaveLength(1);
      const again = await proxy.open();
      const sent = again.server.write('x');
      expectAt(await again.client.got(1), sent, 300);
    },
  },
  {
    id: 'D22',
    title: 'latency is pipelined, and a FIN leaves with the last chunk',
    async run(rig) {
      const { client, server } = await (await rig.proxy(toxic('latency', 'downstream', { latency: 200 }))).open();
      const sent: number[] = [];
      for (let i = 0; i < 5; i++) {
        sent.push(server.write(`${i}`));
        await delay(30);
      }
      server.fin();
      for (const [index, at] of sent.entries()) expectAt(await client.got(index + 1), at, 200);
      expectNow(await client.over(), await client.got(5));
      expect([client.text, client.ended]).toEqual(['01234', 'FIN']);
    },
  },
  {
    id: 'D23',
    title: 'latency does not delay the FIN of an idle connection',
    async run(rig) {
      const both = [
        toxic('latency', 'downstream', { latency: 200 }),
        { type: 'latency', name: 'u', stream: 'upstream', attributes: { latency: 200 } },
      ];
      const { client, server } = await (await rig.proxy(...both)).open();
      const at = client.fin();
      expectNow(await server.over(), at);
      expectNow(await client.over(), at);
      expect([client.ended, server.ended]).toEqual(['FIN', 'FIN']);
    },
  },
  {
    id: 'D42',
    title: 'byte counters grow when a connection has ended',
    async run(rig) {
      const proxy = await rig.proxy();
      const { client, server } = await proxy.open();
      client.write('12345');
      await server.got(5);
      server.write('ab');
      await client.got(2);
      const series = async () => {
        const { text } = await rig.ok(200, 'GET', '/metrics');
        const lines = text.split('\n').filter((line) => line.includes(`upstream="${proxy.upstream.address}"`));
        return lines
          .map((line) =>
            /^toxiproxy_proxy_(\w+)_bytes_total\{direction="(\w+)".*\} (\d+)$/.exec(line)?.slice(1).join(' '),
          )
          .sort();
      };
      expect(await series()).toEqual([]);
      client.fin();
      await server.over();
      await client.over();
      await delay(50);
      expect(await series()).toEqual([
        'received downstream 2',
        'received upstream 5',
        'sent downstream 2',
        'sent upstream 5',
      ]);
    },
  },
];

async function whenOver(peer: { over(): Promise<number> }, sinceMs: number): Promise<number> {
  return (await peer.over()) - sinceMs;
}
