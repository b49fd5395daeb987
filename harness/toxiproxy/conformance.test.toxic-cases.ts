import { delay } from '../clock.js';
import type { Peer } from './conformance.test.peers.js';
import { type ConformanceCase, expectAt, expectNow, now, type Rig, toxic } from './conformance.test.rig.js';

/** D16, D24 to D30, D39 to D41: data under toxics. */
export const toxicCases: readonly ConformanceCase[] = [
  { id: 'D16', title: '30 MiB stay whole while toxics come and go', run: churn },
  {
    id: 'D24',
    title: 'jitter is uniform around the latency',
    async run(rig) {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 100, jitter: 50 }));
      const measured = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const client = await rig.dial(proxy.port);
          client.write('hello');
          return client;
        }),
      );
      const waits = (
        await Promise.all(measured.map((client, index) => roundTrips(proxy.upstream.next(index), client, 20)))
      ).flat();
      for (const wait of waits) {
        expect(wait).toBeGreaterThanOrEqual(48);
        expect(wait).toBeLessThanOrEqual(149 + 190);
      }
      const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
      expect(mean).toBeGreaterThan(93);
      expect(mean).toBeLessThan(99.5 + 30);
      const share = (holds: (wait: number) => boolean) => waits.filter(holds).length / waits.length;
      expect(share((wait) => wait < 65)).toBeGreaterThan(0.03);
      expect(share((wait) => wait < 65)).toBeLessThan(0.22);
      expect(share((wait) => wait > 135)).toBeGreaterThan(0.08);
      expect(share((wait) => wait > 135)).toBeLessThan(0.5);
    },
  },
  {
    id: 'D25',
    title: 'jitter does not reorder',
    async run(rig) {
      const { client, server } = await (
        await rig.proxy(toxic('latency', 'downstream', { latency: 100, jitter: 99 }))
      ).open();
      let sent = '';
      for (let i = 0; i < 50; i++) {
        server.write(`${i},`);
        sent += `${i},`;
        await delay(5);
      }
      await client.got(sent.length);
      expect(client.text).toBe(sent);
    },
  },
  {
    id: 'D26',
    title: 'two latencies add up',
    async run(rig) {
      const two = [1, 2].map((name) => ({ type: 'latency', name: `${name}`, attributes: { latency: 200 } }));
      const { client, server } = await (await rig.proxy(...two)).open();
      const at = server.write('x');
      expectAt(await client.got(1), at, 400);
    },
  },
  {
    id: 'D27',
    title: 'removing a latency releases its queue; changing it releases one chunk and delays the rest anew',
    async run(rig) {
      const queued = async () => {
        const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 400 }));
        const pair = await proxy.open();
        const sent: number[] = [];
        for (let i = 0; i < 5; i++) {
          sent.push(pair.server.write(`${i}`));
          await delay(50);
        }
        return { proxy, sent, ...pair };
      };
      const [removed, changed] = await Promise.all([queued(), queued()]);
      const at = now();
      await Promise.all([
        removed.proxy.drop('latency'),
        changed.proxy.change('latency', { attributes: { latency: 1000 } }),
      ]);
      expectNow(await removed.client.got(5), at);
      expect(removed.client.text).toBe('01234');
      expectNow(await changed.client.got(1), at);
      for (const index of [1, 2, 3, 4]) {
        expectAt(await changed.client.got(index + 1), changed.sent[index] ?? 0, 1000);
      }
    },
  },
  {
    id: 'D28',
    title: 'bandwidth: the rate holds for each connection and one direction, the first byte is late',
    async run(rig) {
      const proxy = await rig.proxy(toxic('bandwidth', 'downstream', { rate: 100 }));
      const one = await proxy.open();
      const at = one.server.write(Buffer.alloc(100_000));
      const first = await one.client.got(1);
      expect(first - at).toBeGreaterThanOrEqual(98);
      expectRate((await one.client.got(100_000)) - at, 1000);
      const four = [await proxy.open(), await proxy.open(), await proxy.open(), await proxy.open()];
      const began = now();
      for (const peer of proxy.upstream.accepted.slice(1)) peer.write(Buffer.alloc(50_000));
      for (const { client } of four) expectRate((await client.got(50_000)) - began, 500);
      const opposite = one.client.write(Buffer.alloc(1_000_000));
      expect((await one.server.got(1_000_000)) - opposite).toBeLessThan(200 + 150);
    },
  },
  {
    id: 'D29',
    title: 'bandwidth 0 holds data and FIN until it goes',
    async run(rig) {
      const proxy = await rig.proxy(toxic('bandwidth', 'downstream', { rate: 0 }));
      const { client, server } = await proxy.open();
      server.write('held');
      server.fin();
      await delay(500);
      expect([client.size, client.ended]).toEqual([0, undefined]);
      const at = now();
      await proxy.drop('bandwidth');
      expectNow(await client.over(), at);
      expect([client.text, client.ended]).toEqual(['held', 'FIN']);
    },
  },
  {
    id: 'D30',
    title: 'removing a bandwidth releases the rest at once',
    async run(rig) {
      const proxy = await rig.proxy(toxic('bandwidth', 'downstream', { rate: 10 }));
      const { client, server } = await proxy.open();
      server.write(Buffer.alloc(20_000));
      await delay(550);
      const before = client.size;
      const at = now();
      await proxy.drop('bandwidth');
      expectNow(await client.got(20_000), at);
      expect(before).toBeGreaterThanOrEqual(4000);
      // A busy machine may have let 150 ms more pass.
      expect(before).toBeLessThanOrEqual(6000 + 1500);
    },
  },
  {
    id: 'D39',
    title: 'slicer cuts into pieces, each followed by its delay, the last too',
    async run(rig) {
      const even = await (await rig.proxy(toxic('slicer', 'downstream', { average_size: 100, delay: 5000 }))).open();
      const at = even.server.write(Buffer.alloc(1000, 1));
      const took = (await even.client.got(1000)) - at;
      expect(took).toBeGreaterThanOrEqual(73);
      expect(took).toBeLessThanOrEqual(200 + 150);
      const sizes = even.client.arrivals.map((one) => one.bytes.length);
      // The kernel may join pieces on a busy machine.
      expect(sizes.filter((size) => size === 62 || size === 63).length).toBeGreaterThanOrEqual(8);
      const varied = await (
        await rig.proxy(toxic('slicer', 'downstream', { average_size: 64, size_variation: 32, delay: 5000 }))
      ).open();
      const bytes = pattern(0, 4096);
      varied.server.write(bytes);
      varied.server.fin();
      const end = await varied.client.over();
      expect(varied.client.bytes.equals(bytes)).toBe(true);
      expectAt(end, await varied.client.got(4096), 5);
      const pieces = varied.client.arrivals.map((one) => one.bytes.length);
      expect(pieces.length).toBeGreaterThanOrEqual(30);
      expect(pieces.length).toBeLessThanOrEqual(128);
      expect(pieces.every((size) => size >= 16)).toBe(true);
    },
  },
  { id: 'D40', title: 'toxicity is rolled for a connection, not for a chunk', run: rolls },
  {
    id: 'D41',
    title: 'bandwidth before latency overlaps, after it adds up',
    async run(rig) {
      const bandwidth = toxic('bandwidth', 'downstream', { rate: 10 });
      const latency = toxic('latency', 'downstream', { latency: 200 });
      const overlap = await (await rig.proxy(bandwidth, latency)).open();
      const sum = await (await rig.proxy(latency, bandwidth)).open();
      const overlapAt = overlap.server.write(Buffer.alloc(2000));
      const sumAt = sum.server.write(Buffer.alloc(2000));
      expectAt(await overlap.client.got(2000), overlapAt, 200);
      expectAt(await sum.client.got(1000), sumAt, 300);
      expectAt(await sum.client.got(2000), sumAt, 400);
    },
  },
];

/** Bytes that tell their place in the stream. */
function pattern(from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 0xff;
  return bytes;
}

async function churn(rig: Rig): Promise<void> {
  const size = 30 * 1024 * 1024;
  const proxy = await rig.proxy();
  const { client, server } = await proxy.open();
  const sending = (async () => {
    for (let from = 0; from < size; from += 65_536) {
      if (!server.socket.write(pattern(from, Math.min(65_536, size - from)))) {
        await new Promise((resolve) => server.socket.once('drain', resolve));
      }
    }
  })();
  const toxics = [
    toxic('latency', 'downstream', { latency: 20 }),
    toxic('slicer', 'downstream', { average_size: 5000, size_variation: 100 }),
    toxic('bandwidth', 'downstream', { rate: 100_000 }),
  ];
  for (let round = 0; round < 20; round++) {
    for (const one of toxics) await proxy.add(one);
    await delay(5);
    for (const name of ['slicer', 'latency', 'bandwidth']) await proxy.drop(name);
  }
  await sending;
  await client.got(size, 15_000);
  expect(client.open && server.open).toBe(true);
  expect(client.bytes.equals(pattern(0, size))).toBe(true);
}

/** Messages one after another, each sent when the last has come; how long each took. */
async function roundTrips(from: Promise<Peer>, to: Peer, count: number): Promise<number[]> {
  const server = await from;
  await server.got(5);
  const waits: number[] = [];
  for (let i = 1; i <= count; i++) {
    const at = server.write('x');
    waits.push((await to.got(i)) - at);
  }
  return waits;
}

async function rolls(rig: Rig): Promise<void> {
  const SLOW_MS = 60;
  const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: SLOW_MS }, { toxicity: 0.5 }));
  const kinds: string[] = [];
  const isSlow = async (server: Peer, client: Peer) => {
    const before = client.size;
    const at = server.write('x');
    return (await client.got(before + 1)) - at >= SLOW_MS - 2;
  };
  const kindOf = async (server: Peer, client: Peer, messages: number) => {
    const slow: boolean[] = [];
    for (let i = 0; i < messages; i++) slow.push(await isSlow(server, client));
    return slow.every((one) => one) ? 'slow' : 'fast';
  };
  for (let wave = 0; wave < 10; wave++) {
    const pairs: { client: Peer; server: Peer }[] = [];
    for (let i = 0; i < 10; i++) pairs.push(await proxy.open());
    // A fast message can look slow on a busy machine, never the other way round. Rolled for each chunk, six slow ones in a row
    // would be rare: the share of slow connections tells that they are rolled for the connection.
    kinds.push(...(await Promise.all(pairs.map(({ client, server }) => kindOf(server, client, 6)))));
  }
  const slow = kinds.filter((kind) => kind === 'slow').length;
  expect(slow).toBeGreaterThanOrEqual(30);
  expect(slow).toBeLessThanOrEqual(70);

  const { client, server } = await proxy.open();
  const own: string[] = [];
  for (let i = 0; i < 16; i++) {
    await proxy.change('latency', { attributes: { latency: SLOW_MS } });
    own.push(await kindOf(server, client, 2));
  }
  expect(own).toContain('slow');
  expect(own).toContain('fast');
  const kept = await kindOf(server, client, 3);
  for (let i = 0; i < 16; i++) {
    await proxy.add({ type: 'noop', name: 'other', stream: 'upstream' });
    await proxy.drop('other');
    expect(await kindOf(server, client, 3)).toBe(kept);
  }
}

/** ±10 %, and what a busy machine adds. */
function expectRate(tookMs: number, nominalMs: number): void {
  expect(tookMs).toBeGreaterThanOrEqual(nominalMs * 0.9);
  expect(tookMs).toBeLessThanOrEqual(nominalMs * 1.1 + 150);
}
