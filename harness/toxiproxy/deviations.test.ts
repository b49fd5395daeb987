import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delay, nowMs, until } from '../clock.js';
import { expectJsonError, Rig, type TestProxy, toxic } from './conformance.test.rig.js';
import { type EmbeddedOptions, startEmbedded } from './embedded.js';

/** Where the embedded server is better than the original on purpose (issue 3). The suite of both is conformance.test.ts. */
async function withServer(options: Partial<EmbeddedOptions>, test: (rig: Rig) => Promise<void>): Promise<void> {
  await using server = await startEmbedded({ seed: 1, ...options });
  await using rig = new Rig(server.url, 'embedded');
  await test(rig);
}

/** What the original's API takes 25 s for, and then never answers again. */
const PROMPT_MS = 250;
async function promptly(what: () => Promise<unknown>): Promise<void> {
  const at = nowMs();
  await what();
  expect(nowMs() - at).toBeLessThan(PROMPT_MS);
}

const MIB = 1024 * 1024;
const bytesThatTell = Buffer.from(Array.from({ length: 16 * MIB }, (_, index) => (index * 31 + (index >> 8)) & 0xff));

async function statistics(rig: Rig, proxy: TestProxy) {
  const { json } = await rig.ok(200, 'GET', '/holdfast/statistics');
  return json.find((one: { proxy: string }) => one.proxy === proxy.name);
}

describe('a reader that stalls', () => {
  it('holds up no change, and loses no byte by it', () =>
    withServer({}, async (rig) => {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 5 }));
      const { client, server } = await proxy.open();
      client.socket.pause();
      server.write(bytesThatTell);
      await delay(200);
      await promptly(() => proxy.add(toxic('slicer', 'downstream', { average_size: 4000, delay: 10 })));
      await promptly(() => proxy.change('slicer', { attributes: { average_size: 8000 } }));
      await promptly(() => proxy.add(toxic('bandwidth', 'downstream', { rate: 1_000_000 })));
      await promptly(() => proxy.drop('latency'));
      await promptly(() => proxy.show());
      await promptly(() => rig.ok(204, 'POST', '/reset'));
      client.socket.resume();
      await client.got(bytesThatTell.length, 10_000);
      expect(client.bytes.equals(bytesThatTell)).toBe(true);
    }));

  it('that disconnects leaves nothing behind', () =>
    withServer({}, async (rig) => {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 5 }));
      const { client, server } = await proxy.open();
      client.socket.pause();
      server.write(bytesThatTell);
      await delay(100);
      await promptly(() => proxy.drop('latency'));
      client.socket.resetAndDestroy();
      await server.over();
      await promptly(() => proxy.patch({ enabled: false }));
      expect((await statistics(rig, proxy)).connections).toEqual([]);
    }));

  it('makes one direction hide at most 1 MiB, also behind several latencies', () =>
    withServer({}, async (rig) => {
      const slow = (name: string) => ({ type: 'latency', name, attributes: { latency: 60_000 } });
      const proxy = await rig.proxy(slow('a'), slow('b'));
      const { server } = await proxy.open();
      server.write(bytesThatTell);
      await delay(400);
      const [{ downBytes }] = (await statistics(rig, proxy)).connections;
      expect(downBytes).toBeGreaterThan(MIB / 2);
      expect(downBytes).toBeLessThanOrEqual(MIB);
    }));

  it('makes it hide as much as the original where that is asked for', () =>
    withServer({ bufferBytes: 'compatible' }, async (rig) => {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 60_000 }));
      const { server } = await proxy.open();
      server.write(bytesThatTell);
      await until(
        'all is hidden',
        async () => {
          const [{ downBytes }] = (await statistics(rig, proxy)).connections;
          return downBytes === bytesThatTell.length;
        },
        5000,
      );
    }));
});

describe('inputs that crash the original', () => {
  it.each([
    ['slicer', {}, /average_size \+ size_variation must be positive/],
    ['slicer', { average_size: 10, size_variation: 20 }, /size_variation must not exceed average_size/],
    ['bandwidth', { rate: -1 }, /rate must not be negative/],
  ])('%s %j is a 400 with the reason', (type, attributes, reason) =>
    withServer({}, async (rig) => {
      const proxy = await rig.proxy();
      expectJsonError(await rig.api('POST', `${proxy.path}/toxics`, { type, attributes }), 400, reason);
      expect((await proxy.show()).toxics).toEqual([]);
    }),
  );

  it('a jitter beyond 2^53 is a 400', () =>
    withServer({}, async (rig) => {
      const proxy = await rig.proxy();
      const body = '{"type":"latency","attributes":{"jitter":4611686018427387904}}';
      expectJsonError(await rig.api('POST', `${proxy.path}/toxics`, body), 400, /of type int64/);
    }));

  it('an update to them is a 400 and changes nothing', () =>
    withServer({}, async (rig) => {
      const proxy = await rig.proxy(toxic('slicer', 'downstream', { average_size: 10, delay: 1 }));
      const before = await proxy.show();
      const body = { attributes: { average_size: 0, delay: 5 } };
      expectJsonError(await rig.api('PATCH', `${proxy.path}/toxics/slicer`, body), 400, /must be positive/);
      expect(await proxy.show()).toEqual(before);
    }));
});

it('an upstream that neither accepts nor refuses holds up neither the API nor the proxy', () =>
  withServer({}, async (rig) => {
    await using hung = await hungListener();
    const proxy = await rig.proxy();
    await proxy.patch({ upstream: `127.0.0.1:${hung.port}` });
    const clients = await Promise.all(Array.from({ length: 8 }, () => rig.dial(proxy.port)));
    await until('connects hang', async () => (await statistics(rig, proxy)).dialling > 0, 3000);
    const at = nowMs();
    await promptly(() => proxy.patch({ upstream: proxy.upstream.address }));
    for (const client of clients) expect((await client.over()) - at).toBeLessThan(PROMPT_MS);
    const { client, server } = await proxy.open();
    server.write('x');
    await client.got(1);
  }));

it('a client that resets while its upstream hangs takes the dial with it', () =>
  withServer({}, async (rig) => {
    await using hung = await hungListener();
    const proxy = await rig.proxy();
    await proxy.patch({ upstream: `127.0.0.1:${hung.port}` });
    const clients = await Promise.all(Array.from({ length: 8 }, () => rig.dial(proxy.port)));
    const dialling = async () => (await statistics(rig, proxy)).dialling;
    await until('connects hang', async () => (await dialling()) > 0, 3000);
    for (const client of clients) client.rst();
    await until('no dial is left', async () => (await dialling()) === 0, 3000);
  }));

it('a reset_peer that waits does not hold up its removal, and still fires', () =>
  withServer({}, async (rig) => {
    const proxy = await rig.proxy(toxic('reset_peer', 'downstream', { timeout: 600 }));
    const { client, server } = await proxy.open();
    const at = server.write('x');
    await delay(50);
    await promptly(() => proxy.drop('reset_peer'));
    expect((await client.over()) - at).toBeGreaterThan(590);
    expect(client.ended).toBe('RST');
  }));

describe('a seed', () => {
  /** Which of 40 connections a toxic of toxicity 0.5 closes, and how a slicer cuts. */
  const choices = async (seed: number): Promise<string> => {
    let seen = '';
    await withServer({ seed }, async (rig) => {
      const half = await rig.proxy(toxic('limit_data', 'downstream', { bytes: 1 }, { toxicity: 0.5 }));
      for (let i = 0; i < 40; i++) {
        const { client, server } = await half.open();
        server.write('ab');
        await client.got(1);
        await until('it is seen', () => client.size === 2 || !client.open, 3000, { stepMs: 1 });
        seen += client.size;
      }
      const cut = await rig.proxy(
        toxic('slicer', 'downstream', { average_size: 64, size_variation: 60, delay: 100_000 }),
      );
      const { client, server } = await cut.open();
      server.write(Buffer.alloc(1000));
      await client.got(1);
      seen += `/${client.size}`;
    });
    return seen;
  };

  it('repeats every choice, and another makes others', async () => {
    const [first, again, other] = await Promise.all([choices(7), choices(7), choices(8)]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(first).toMatch(/1.*2|2.*1/);
  });
});

describe('strict mode', () => {
  it('refuses attributes that a toxic does not have', () =>
    withServer({ strict: true }, async (rig) => {
      const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 1 }));
      const post = (body: object) => rig.api('POST', `${proxy.path}/toxics`, body);
      const misspelt = await post({ type: 'latency', name: 'n', attributes: { latencyy: 5 } });
      expectJsonError(misspelt, 400, /^unknown attribute latencyy: latency has latency, jitter$/);
      expectJsonError(
        await post({ type: 'latency', name: 'n', latency: 5 }),
        400,
        /^unknown attribute latency: a toxic has/,
      );
      const patch = await rig.api('PATCH', `${proxy.path}/toxics/latency`, { attributes: { delay: 5 } });
      expectJsonError(patch, 400, /^unknown attribute delay/);
    }));

  it('is off by default, as in the original', () =>
    withServer({}, async (rig) => {
      const proxy = await rig.proxy();
      await proxy.add({ type: 'latency', attributes: { latencyy: 5 } });
    }));
});

it('statistics tell connections, bytes, age and the bites of a toxic', () =>
  withServer({}, async (rig) => {
    const proxy = await rig.proxy(toxic('latency', 'downstream', { latency: 10 }));
    const { client, server } = await proxy.open();
    client.write('12345');
    await server.got(5);
    server.write('ab');
    await client.got(2);
    expect(await statistics(rig, proxy)).toEqual({
      proxy: proxy.name,
      accepted: 1,
      dialling: 0,
      connections: [{ id: 0, ageMs: expect.any(Number), upBytes: 5, downBytes: 2 }],
      bites: [{ toxic: 'latency', bites: 1 }],
    });
  }));

it('statistics keep the bites of a toxic that acts by ending the connection', () =>
  withServer({}, async (rig) => {
    const proxy = await rig.proxy(toxic('limit_data', 'downstream', { bytes: 3 }));
    for (let i = 0; i < 2; i++) {
      const { client, server } = await proxy.open();
      server.write('abcdef');
      await client.over();
    }
    const ended = async () => (await statistics(rig, proxy)).connections.length === 0;
    await until('both are gone', ended, 3000);
    expect((await statistics(rig, proxy)).bites).toEqual([{ toxic: 'limit_data', bites: 4 }]);
  }));

/** A process that listens, accepts nothing and has no room in its queue: connects to it hang. */
async function hungListener(): Promise<{ readonly port: number } & AsyncDisposable> {
  const program =
    "const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  return {
    port: Number(String(line)),
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
