import { delay } from '../clock.js';
import { type ConformanceCase, expectAt, expectNow, now, type Rig, toxic } from './conformance.test.rig.js';

/** D31 to D38: toxics that end connections, or hold their end back. */
export const endingToxicCases: readonly ConformanceCase[] = [
  {
    id: 'D31',
    title: 'slow_close holds the end of its direction back',
    async run(rig) {
      const down = await rig.proxy(toxic('slow_close', 'downstream', { delay: 300 }));
      const a = await down.open();
      a.server.write('data');
      const aAt = a.server.fin();
      expectNow(await a.client.got(4), aAt);
      expectAt(await a.client.over(), aAt, 300);
      const b = await down.open();
      const bAt = b.client.fin();
      expectNow(await b.server.over(), bAt);
      expectAt(await b.client.over(), bAt, 300);

      const c = await (await rig.proxy(toxic('slow_close', 'upstream', { delay: 300 }))).open();
      const cAt = c.client.fin();
      await delay(100);
      c.server.write('reply');
      expectAt(await c.client.got(5), cAt, 100);
      expectAt(await c.server.over(), cAt, 300);
      expectAt(await c.client.over(), cAt, 300);

      const removed = await rig.proxy(toxic('slow_close', 'downstream', { delay: 1000 }));
      const d = await removed.open();
      d.server.fin();
      await delay(100);
      const dAt = now();
      await removed.drop('slow_close');
      expectNow(await d.client.over(), dAt);
      expect([a.client.ended, b.client.ended, c.client.ended, d.client.ended]).toEqual(['FIN', 'FIN', 'FIN', 'FIN']);
    },
  },
  {
    id: 'D32',
    title: 'timeout closes after so long without a chunk in its direction, and drops those that come',
    async run(rig) {
      const proxy = await rig.proxy(toxic('timeout', 'downstream', { timeout: 200 }));
      const aAt = now();
      const a = await proxy.open();
      expectAt(await a.client.over(), aAt, 200);
      const b = await proxy.open();
      let last = 0;
      for (let i = 0; i < 10; i++) {
        last = b.server.write('dropped');
        await delay(100);
        expect(b.client.open).toBe(true);
      }
      expectAt(await b.client.over(), last, 200);
      expect(b.client.size).toBe(0);
      const cAt = now();
      const c = await proxy.open();
      c.client.write('opposite');
      await c.server.got(8);
      expectAt(await c.client.over(), cAt, 200);
    },
  },
  {
    id: 'D33',
    title: 'timeout 0 is a black hole until its removal closes the connection, whatever its roll',
    async run(rig) {
      const blackHole = async (more: object = {}) => {
        const proxy = await rig.proxy(toxic('timeout', 'downstream', { timeout: 0 }, more));
        const pair = await proxy.open();
        for (let i = 0; i < 3; i++) {
          pair.server.write('down');
          pair.client.write('up');
          await delay(50);
        }
        expect(pair.server.text).toBe('upupup');
        return { proxy, ...pair };
      };
      const closes = async (
        { client, server }: { client: { over(): Promise<number> }; server: { over(): Promise<number> } },
        at: number,
      ) => {
        expectNow(await client.over(), at);
        expectNow(await server.over(), at);
      };
      const first = await blackHole();
      expect(first.client.size).toBe(0);
      const firstAt = now();
      await first.proxy.drop('timeout');
      await closes(first, firstAt);

      const second = await blackHole({ toxicity: 0 });
      expect(second.client.text).toBe('downdowndown');
      const secondAt = now();
      await second.proxy.drop('timeout');
      await closes(second, secondAt);

      const third = await blackHole();
      const thirdAt = now();
      await rig.ok(204, 'POST', '/reset');
      await closes(third, thirdAt);

      const fourth = await blackHole();
      await fourth.proxy.change('timeout', { toxicity: 0 });
      const at = fourth.server.write('later');
      expectNow(await fourth.client.got(5), at);
      expect([fourth.client.text, fourth.client.ended]).toEqual(['later', undefined]);
    },
  },
  {
    id: 'D34',
    title: 'reset_peer before the connect: the first chunk resets both sides',
    async run(rig) {
      for (const stream of ['upstream', 'downstream']) {
        for (const timeout of [0, 200]) {
          const { client, server } = await (await rig.proxy(toxic('reset_peer', stream, { timeout }))).open();
          await delay(100);
          expect([client.ended, server.ended]).toEqual([undefined, undefined]);
          if (stream === 'downstream') {
            client.write('request');
            await server.got(7);
          }
          const at = stream === 'upstream' ? client.write('x') : server.write('x');
          expectAt(await client.over(), at, timeout);
          expectAt(await server.over(), at, timeout);
          expect([client.ended, server.ended]).toEqual(['RST', 'RST']);
          expect([client.text, server.text]).toEqual(['', stream === 'downstream' ? 'request' : '']);
        }
      }
    },
  },
  {
    id: 'D35',
    title: 'reset_peer after the connect ends in FIN',
    async run(rig) {
      const proxy = await rig.proxy();
      const { client, server } = await proxy.open();
      await proxy.add(toxic('reset_peer', 'downstream', {}));
      const at = server.write('lost');
      expectNow(await client.over(), at);
      expectNow(await server.over(), at);
      expect([client.ended, server.ended, client.text]).toEqual(['FIN', 'FIN', '']);
    },
  },
  {
    id: 'D36',
    title: 'a connection born under reset_peer ends in RST, whatever ends it',
    async run(rig) {
      const losing = await (await rig.proxy(toxic('reset_peer', 'downstream', {}, { toxicity: 0 }))).open();
      losing.server.write('passes');
      await losing.client.got(6);
      losing.client.fin();
      await losing.client.over();
      await losing.server.over();
      expect([losing.client.ended, losing.server.ended]).toEqual(['RST', 'RST']);

      const proxy = await rig.proxy(toxic('reset_peer', 'downstream', {}));
      const removed = await proxy.open();
      await proxy.drop('reset_peer');
      removed.server.fin();
      await removed.client.over();
      expect(removed.client.ended).toBe('RST');
    },
  },
  {
    id: 'D37',
    title: 'limit_data passes so many bytes and closes; the count outlives updates, not removal',
    run: limitData,
  },
  {
    id: 'D38',
    title: 'limit_data with more in flight passes exactly its bytes',
    async run(rig) {
      const proxy = await rig.proxy(toxic('limit_data', 'downstream', { bytes: 100_000 }));
      const { client, server } = await proxy.open();
      server.write(Buffer.alloc(300_000, 7));
      await client.over();
      expect(client.size).toBe(100_000);
      await server.over();
    },
  },
];

async function limitData(rig: Rig): Promise<void> {
  const limited = (bytes: number) => rig.proxy(toxic('limit_data', 'downstream', { bytes }));
  const ten = await limited(10);
  const over = await ten.open();
  over.server.write('hello');
  await over.client.got(5);
  const overAt = over.server.write('worldEXTRA');
  expectNow(await over.client.over(), overAt);
  expect(over.client.text).toBe('helloworld');
  const exact = await ten.open();
  const exactAt = exact.server.write('0123456789');
  expectNow(await exact.client.over(), exactAt);
  expect([exact.client.text, exact.client.ended]).toEqual(['0123456789', 'FIN']);

  const none = await (await limited(0)).open();
  await delay(50);
  expect(none.client.open).toBe(true);
  none.server.write('x');
  await none.client.over();
  expect(none.client.size).toBe(0);

  const late = await rig.proxy();
  const joined = await late.open();
  joined.server.write(Buffer.alloc(16));
  await joined.client.got(16);
  await late.add(toxic('limit_data', 'downstream', { bytes: 10 }));
  joined.server.write('01234');
  await joined.client.got(21);
  await late.change('limit_data', { attributes: { bytes: 3 } });
  await delay(50);
  expect(joined.client.open).toBe(true);
  joined.server.write('x');
  await joined.client.over();
  expect(joined.client.size).toBe(21);

  const renewed = await limited(10);
  const pair = await renewed.open();
  pair.server.write('01234');
  await pair.client.got(5);
  await renewed.drop('limit_data');
  await renewed.add(toxic('limit_data', 'downstream', { bytes: 10 }));
  pair.server.write('0123456789');
  await pair.client.over();
  expect(pair.client.size).toBe(15);
}
