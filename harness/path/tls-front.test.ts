import { once } from 'node:events';
import { type AddressInfo, connect as connectPlainly, createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { createAuthority } from './certificates.js';
import { openTlsFront } from './tls-front.js';

const authority = createAuthority('Holdfast test CA');
const certificate = authority.issue(['127.0.0.1'], { from: -1, to: 1 });

/** A plain server, a front before it, and a client that has said hello through TLS. */
async function openRig() {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front = await openTlsFront({ certificate, upstream: server.address() as AddressInfo & { host: string } });
  const arrived: Socket[] = [];
  server.on('connection', (socket) => void arrived.push(socket));
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({ host: '127.0.0.1', port: front.port, ca: authority.certPem });
  client.on('error', () => {});
  const [behind] = await accepted;
  behind.on('error', () => {});
  client.write('hello');
  const [heard] = (await once(behind, 'data')) as [Buffer];
  return {
    front,
    client,
    behind,
    heard: heard.toString(),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      for (const socket of arrived) socket.destroy();
      await front[Symbol.asyncDispose]();
      server.close();
      await once(server, 'close');
    },
  };
}

/** How the socket ends: by a reset, or in order. */
async function endOf(socket: { once(event: string, listener: (value: unknown) => void): unknown }): Promise<string> {
  return new Promise((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', (error) => resolve(String((error as NodeJS.ErrnoException).code)));
  });
}

describe('a TLS front', () => {
  it('passes on what is said, both ways, and counts what came of its certificate', async () => {
    await using rig = await openRig();
    rig.behind.write('welcome');
    expect([rig.heard, String((await once(rig.client, 'data'))[0])]).toEqual(['hello', 'welcome']);
    expect([rig.front.shown, rig.front.trustedBytes, rig.front.plain]).toEqual([1, 5, 0]);
  });

  it('passes on an end as an end and a reset as a reset', async () => {
    await using ended = await openRig();
    ended.client.resume();
    ended.behind.end();
    expect(await endOf(ended.client)).toBe('end');
    await using cut = await openRig();
    cut.client.resume();
    cut.behind.resetAndDestroy();
    expect(await endOf(cut.client)).toBe('ECONNRESET');
  });

  it('tells who speaks without TLS', async () => {
    await using rig = await openRig();
    const { port } = rig.front;
    const plain = connectPlainly(port, '127.0.0.1');
    plain.write('GET / HTTP/1.1\r\n\r\n');
    plain.on('error', () => {}).resume();
    await once(plain, 'close');
    expect(rig.front.plain).toBe(1);
  });
});
