import { createHash, randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { delay, nowMs, until } from '../clock.js';
import type { EventBody, Gate, GateConnection, WireTapFactory } from '../contract.js';
import { pickPort } from '../target/ports.js';
import { type GateOptions, openGate } from './gate.js';
import { createObserver } from './observer.js';
import { ifFin } from './rst.js';

/** A peer that keeps what it was sent and how it ended. */
interface Peer {
  readonly socket: Socket;
  readonly received: () => Buffer;
  ended: boolean;
  error: string | undefined;
  closed: boolean;
}

function peerOf(socket: Socket, keep = true): Peer {
  const chunks: Buffer[] = [];
  const peer: Peer = {
    socket,
    received: () => Buffer.concat(chunks),
    ended: false,
    error: undefined,
    closed: false,
  };
  if (keep) socket.on('data', (chunk) => chunks.push(chunk));
  // A RST in one poll with data is an `end` to libuv; a write of nothing tells it from a FIN.
  socket.on('end', () =>
    ifFin(socket, () => {
      peer.ended = true;
    }),
  );
  socket.on('error', (error: NodeJS.ErrnoException) => {
    peer.error = error.code;
  });
  socket.on('close', () => {
    peer.closed = true;
  });
  return peer;
}

interface Rig extends AsyncDisposable {
  readonly gate: Gate;
  readonly events: EventBody[];
  /** The server's ends of the connections, in order. */
  readonly servers: Peer[];
  ends(): EventBody[];
  dial(): Promise<Peer>;
  /** A client, its server side and the gate's connection between them. */
  pair(): Promise<{ client: Peer; server: Peer; through: GateConnection }>;
}

async function openRig(options: Partial<GateOptions> = {}, keep = true): Promise<Rig> {
  const servers: Peer[] = [];
  const clients: Socket[] = [];
  const events: EventBody[] = [];
  const upstream = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: !keep }, (socket) => {
    servers.push(peerOf(socket, keep));
  });
  await new Promise<void>((resolve) => upstream.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve));
  const gate = await openGate({
    name: 'g',
    upstream: { host: '127.0.0.1', port: (upstream.address() as AddressInfo).port },
    record: (event) => events.push(event),
    observer: createObserver('k'),
    ...options,
  });
  const dial = async () => {
    const socket = connect({ host: gate.host, port: gate.port, allowHalfOpen: true, noDelay: true });
    clients.push(socket);
    const peer = peerOf(socket);
    await until('the client is connected', () => !socket.connecting || peer.error, 5000, { stepMs: 2 });
    return peer;
  };
  return {
    gate,
    events,
    servers,
    ends: () => events.filter((event) => event.type === 'connection' && event.what === 'end'),
    dial,
    async pair() {
      const [serverIndex, id] = [servers.length, gate.accepted + 1];
      const client = await dial();
      const server = await until('the server has it', () => servers[serverIndex], 5000, { stepMs: 2 });
      const through = gate.live.find((each) => each.id === id);
      if (!server || !through) throw new Error(`connection ${id} is nowhere`);
      return { client, server, through };
    },
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]();
      for (const { socket } of servers) socket.destroy();
      for (const socket of clients) socket.destroy();
      await new Promise((resolve) => upstream.close(resolve));
    },
  };
}

const soon = (what: string, condition: () => unknown) => until(what, condition, 5000, { stepMs: 5 });

test('a half-closed client still gets its reply, and the end is recorded at the first FIN', async () => {
  await using rig = await openRig();
  const { client, server, through } = await rig.pair();
  client.socket.end('question');
  await soon('the server sees FIN', () => server.ended);
  expect(server.received().toString()).toBe('question');
  expect(rig.ends()).toEqual([
    { type: 'connection', gate: 'g', conn: 1, what: 'end', by: 'client', how: 'FIN', upBytes: 8, downBytes: 0 },
  ]);
  expect(client.ended).toBe(false);
  expect(through.alive).toBe(true);
  server.socket.end('answer');
  await soon('the client is done', () => client.ended);
  expect(client.received().toString()).toBe('answer');
  await soon('the connection is gone', () => rig.gate.live.length === 0);
  expect(through.alive).toBe(false);
  expect(rig.ends()).toHaveLength(1);
  expect([through.upBytes, through.downBytes]).toEqual([8, 6]);
  expect([client.error, server.error]).toEqual([undefined, undefined]);
});

test('the FIN of a server passes to the client, whose last words still arrive', async () => {
  await using rig = await openRig();
  const { client, server } = await rig.pair();
  server.socket.end('bye');
  await soon('the client sees FIN', () => client.ended);
  client.socket.end('last words');
  await soon('the server sees FIN', () => server.ended);
  expect(server.received().toString()).toBe('last words');
  expect(rig.ends()).toMatchObject([{ by: 'server', how: 'FIN' }]);
});

test.each(['client', 'server'] as const)('the RST of a %s reaches the other as ECONNRESET', async (side) => {
  await using rig = await openRig();
  const { client, server } = await rig.pair();
  const [resetter, other] = side === 'client' ? [client, server] : [server, client];
  resetter.socket.resetAndDestroy();
  await soon('the other side is reset', () => other.closed);
  expect(other.error).toBe('ECONNRESET');
  expect(other.ended).toBe(false);
  expect(rig.ends()).toMatchObject([{ by: side, how: 'RST' }]);
  expect(rig.gate.live).toHaveLength(0);
});

test('a RST that comes in one poll with data is still a RST', async () => {
  await using rig = await openRig();
  const { client, server } = await rig.pair();
  server.socket.write('words');
  server.socket.resetAndDestroy();
  await soon('the client is reset', () => client.closed);
  expect(client.error).toBe('ECONNRESET');
  expect(rig.ends()).toMatchObject([{ by: 'server', how: 'RST' }]);
});

test('reset() of an idle connection is ECONNRESET for both peers', async () => {
  await using rig = await openRig();
  const { client, server, through } = await rig.pair();
  through.reset();
  through.reset();
  await soon('both are closed', () => client.closed && server.closed);
  expect([client.error, server.error, client.ended, server.ended]).toEqual(['ECONNRESET', 'ECONNRESET', false, false]);
  expect(rig.ends()).toMatchObject([{ by: 'gate', how: 'RST' }]);
});

test('reset() of a half-closed connection is a reset, also in the turn of the FIN', async () => {
  await using rig = await openRig();
  const first = await rig.pair();
  first.client.socket.end();
  await soon('the server sees FIN', () => first.server.ended);
  first.through.reset();
  await soon('the client is reset', () => first.client.closed);
  expect(first.client.error).toBe('ECONNRESET');

  const second = await rig.pair();
  second.through.end();
  second.through.reset();
  await soon('both are gone', () => !second.through.alive);
  // A FIN has been sent to both: what is asked here is that no descriptor stays behind.
  second.client.socket.end();
  await soon('the client is closed', () => second.client.closed);
});

test('reset() is not held up by a peer that does not read', async () => {
  await using rig = await openRig({}, false);
  const { client, server, through } = await rig.pair();
  client.socket.write(Buffer.alloc(32 * 1024 * 1024));
  await soon('the way is full', () => through.upBytes > 1024 * 1024);
  await delay(200);
  through.reset();
  await soon('the client is closed', () => client.closed);
  server.socket.resume();
  await soon('the server is closed', () => server.closed);
  expect(client.error).toMatch(/ECONNRESET|EPIPE/);
  expect(server.error).toBe('ECONNRESET');
});

test('end() is FIN for both peers', async () => {
  await using rig = await openRig();
  const { client, server, through } = await rig.pair();
  through.end();
  await soon('both see FIN', () => client.ended && server.ended);
  client.socket.end();
  server.socket.end();
  await soon('both are closed', () => client.closed && server.closed);
  expect([client.error, server.error]).toEqual([undefined, undefined]);
  expect(rig.ends()).toMatchObject([{ by: 'gate', how: 'FIN' }]);
});

test('events come in order: start, first-bytes, end', async () => {
  await using rig = await openRig();
  const { client } = await rig.pair();
  client.socket.write('a');
  await soon('first bytes', () => rig.events.length === 2);
  client.socket.write('b');
  client.socket.end();
  await soon('the end', () => rig.ends().length === 1);
  expect(rig.events.map((event) => event.type === 'connection' && event.what)).toEqual(['start', 'first-bytes', 'end']);
});

test('a refused upstream is a reset for the client and an end by the server', async () => {
  await using rig = await openRig({ upstream: { host: '127.0.0.1', port: 1 } });
  const client = await rig.dial();
  await soon('the client is reset', () => client.closed);
  expect(client.error).toBe('ECONNRESET');
  expect(rig.ends()).toMatchObject([{ by: 'server', how: 'RST' }]);
});

test('setUpstream is for connections to come, and sourceHost is what they are dialled from', async () => {
  await using other = await openRig();
  await using rig = await openRig({ sourceHost: '127.0.0.9' });
  const { server } = await rig.pair();
  expect(server.socket.remoteAddress).toBe('127.0.0.9');
  rig.gate.setUpstream('127.0.0.1', other.gate.port);
  await rig.dial();
  await soon('the other has it', () => other.servers.length === 1);
  expect(server.closed).toBe(false);
});

test('moveTo takes connections on the port it is told, and on that alone', async () => {
  const port = await pickPort();
  await using rig = await openRig();
  const before = rig.gate.port;
  await rig.gate.moveTo(port);
  expect(rig.gate.port).toBe(port);
  await rig.pair();
  const late = peerOf(connect({ host: '127.0.0.1', port: before }));
  await soon('the port before is closed', () => late.error === 'ECONNREFUSED');
});

test('refuse waits for the first bytes, resets and never dials', async () => {
  await using rig = await openRig();
  await rig.gate.setDoor({ kind: 'refuse' });
  const talker = await rig.dial();
  await delay(200);
  expect(talker.closed).toBe(false);
  talker.socket.write('GET /');
  await soon('it is reset', () => talker.closed);
  expect(talker.error).toBe('ECONNRESET');
  expect(rig.events.map((event) => event.type === 'connection' && event.what)).toEqual(['start', 'first-bytes', 'end']);
  expect(rig.ends()).toMatchObject([{ by: 'gate', how: 'RST', upBytes: 5 }]);

  const from = nowMs();
  const mute = await rig.dial();
  await soon('it is reset too', () => mute.closed);
  expect(mute.error).toBe('ECONNRESET');
  expect(nowMs() - from).toBeGreaterThan(950);
  expect(rig.servers).toHaveLength(0);
});

test('hang reads and answers nothing', async () => {
  await using rig = await openRig();
  await rig.gate.setDoor({ kind: 'hang' });
  const client = await rig.dial();
  client.socket.write('anyone?');
  await soon('it was read', () => rig.gate.live[0]?.upBytes === 7);
  await delay(200);
  expect([client.ended, client.closed, rig.servers.length]).toEqual([false, false, 0]);
  expect(rig.gate.resetAll()).toBe(1);
  await soon('it is reset', () => client.closed);
  expect(client.error).toBe('ECONNRESET');
});

test('answer waits for a whole request head, answers and ends', async () => {
  await using rig = await openRig();
  const bytes = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n';
  await rig.gate.setDoor({ kind: 'answer', bytes });
  const client = await rig.dial();
  client.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r');
  await delay(100);
  expect(client.received()).toHaveLength(0);
  client.socket.write('\n');
  await soon('the client sees FIN', () => client.ended);
  expect(client.received().toString()).toBe(bytes);
  expect(rig.ends()).toMatchObject([{ by: 'gate', how: 'FIN', upBytes: 27, downBytes: bytes.length }]);
  expect(rig.gate.live).toHaveLength(1);
  // The client never closes its side: after a second it is left behind.
  await soon('the gate lets go', () => rig.gate.live.length === 0);
});

test('a closed door refuses in the kernel, spares the living, and reopens on the same port', async () => {
  await using rig = await openRig();
  const { client, server } = await rig.pair();
  const { port } = rig.gate;
  await rig.gate.setDoor({ kind: 'closed' });
  expect((await rig.dial()).error).toBe('ECONNREFUSED');
  client.socket.write('still here');
  await soon('the living go on', () => server.received().toString() === 'still here');
  await rig.gate.setDoor({ kind: 'open' });
  expect(rig.gate.port).toBe(port);
  await rig.pair();
  expect(client.closed).toBe(false);
});

test('freeze withholds both ways and thaw delivers byte for byte', async () => {
  await using rig = await openRig();
  const { client, server, through } = await rig.pair();
  const [up, down] = [randomBytes(3_000_000), randomBytes(2_000_000)];
  through.freeze();
  client.socket.write(up);
  server.socket.write(down);
  await soon(
    'all is withheld',
    () => through.withheldUpBytes === up.length && through.withheldDownBytes === down.length,
  );
  await delay(100);
  expect([server.received().length, client.received().length]).toEqual([0, 0]);
  client.socket.end();
  await soon('the FIN is noticed', () => rig.ends().length === 1);
  expect(rig.ends()).toMatchObject([{ by: 'client', how: 'FIN', upBytes: up.length, downBytes: down.length }]);
  await delay(50);
  expect([server.ended, server.closed]).toEqual([false, false]);
  through.thaw();
  await soon('the FIN comes last', () => server.ended && client.received().length === down.length);
  expect(server.received().equals(up)).toBe(true);
  expect(client.received().equals(down)).toBe(true);
  expect(through.withheldUpBytes).toBe(up.length);
});

test('a frozen connection notices the RST of its server and keeps it to itself until thawed', async () => {
  await using rig = await openRig();
  const { client, server, through } = await rig.pair();
  through.freeze();
  server.socket.write('kept');
  await soon('it is withheld', () => through.withheldDownBytes === 4);
  server.socket.resetAndDestroy();
  await soon('the RST is noticed', () => rig.ends().length === 1);
  expect(rig.ends()).toMatchObject([{ by: 'server', how: 'RST' }]);
  await delay(100);
  expect([client.closed, client.ended, through.alive]).toEqual([false, false, true]);
  through.thaw();
  await soon('the client is reset', () => client.closed);
  expect(client.error).toBe('ECONNRESET');
});

test('a frozen connection can be reset and ended', async () => {
  await using rig = await openRig();
  const first = await rig.pair();
  first.through.freeze();
  first.client.socket.write('lost');
  await soon('it is withheld', () => first.through.withheldUpBytes === 4);
  first.through.reset();
  await soon('both are reset', () => first.client.closed && first.server.closed);
  expect([first.client.error, first.server.error]).toEqual(['ECONNRESET', 'ECONNRESET']);
  const second = await rig.pair();
  second.through.freeze();
  second.through.end();
  await soon('both see FIN', () => second.client.ended && second.server.ended);
});

test('a frozen connection spools 64 MiB and then reads no more', async () => {
  await using rig = await openRig();
  const { server, client, through } = await rig.pair();
  through.freeze();
  const push = Buffer.alloc(100 * 1024 * 1024, 7);
  server.socket.write(push);
  await soon('the spool is full', () => through.withheldDownBytes >= 63 * 1024 * 1024);
  await delay(200);
  expect(through.withheldDownBytes).toBeLessThan(65 * 1024 * 1024);
  through.thaw();
  await soon('all arrives', () => through.downBytes === push.length && client.socket.bytesRead === push.length);
});

test('throttleDown takes N bytes a second, the server is held up, and null lifts it', async () => {
  await using rig = await openRig();
  const { client, server, through } = await rig.pair();
  const rate = 100_000;
  through.throttleDown(rate);
  const total = 40 * 1024 * 1024;
  const from = nowMs();
  server.socket.write(Buffer.alloc(total));
  await delay(2000);
  const expected = (rate * (nowMs() - from)) / 1000;
  expect(through.downBytes).toBeGreaterThan(expected * 0.85);
  expect(through.downBytes).toBeLessThan(expected * 1.05 + 20_000);
  // What the kernels have taken (at most 4 MiB out and 6 MiB in) is all that has left the server.
  expect(server.socket.writableLength).toBeGreaterThan(0);
  client.socket.write('up is not slowed');
  await soon('it arrives', () => server.received().toString() === 'up is not slowed');
  through.throttleDown(null);
  const lifted = nowMs();
  await soon('the rest arrives', () => client.socket.bytesRead === total);
  expect(nowMs() - lifted).toBeLessThan(2000);
});

test('a throttle at work takes a few KiB a second, and nothing at zero', async () => {
  await using rig = await openRig();
  const { server, through } = await rig.pair();
  through.throttleDown(1000);
  server.socket.write(Buffer.alloc(1_000_000));
  await delay(1000);
  // The read that was already prepared has 16 KiB.
  expect(through.downBytes).toBeLessThan(18_000);
  through.throttleDown(0);
  const taken = through.downBytes;
  await delay(300);
  expect(through.downBytes).toBe(taken);
});

test('throttleUp leaves to the kernel what a client sends, and null lifts it', async () => {
  await using rig = await openRig();
  const { client, server, through } = await rig.pair();
  through.throttleUp(1000);
  const total = 40 * 1024 * 1024;
  client.socket.write(Buffer.alloc(total));
  await delay(1000);
  // One read of Node's; the next would be due in a minute.
  expect(through.upBytes).toBeLessThanOrEqual(64 * 1024);
  expect(client.socket.writableLength).toBeGreaterThan(0);
  server.socket.write('down is not slowed');
  await soon('it arrives', () => client.received().toString() === 'down is not slowed');
  through.throttleUp(null);
  await soon('the rest arrives', () => server.socket.bytesRead === total);
});

test('200 connections are reset in one go', async () => {
  await using rig = await openRig();
  const clients = await Promise.all(Array.from({ length: 200 }, () => rig.dial()));
  await soon('the servers have them', () => rig.servers.length === 200);
  expect(rig.gate.live).toHaveLength(200);
  expect(rig.gate.resetAll()).toBe(200);
  await soon('all are closed', () => [...clients, ...rig.servers].every((peer) => peer.closed));
  expect([...clients, ...rig.servers].every((peer) => peer.error === 'ECONNRESET')).toBe(true);
  expect(rig.ends()).toHaveLength(200);
  expect(rig.gate.live).toHaveLength(0);
});

test('50 MiB each way at once arrive whole though both readers pause at random', async () => {
  await using rig = await openRig({}, false);
  const { client, server, through } = await rig.pair();
  const size = 50 * 1024 * 1024;
  const digestOf = async (socket: Socket) => {
    const hash = createHash('sha256');
    let [length, pauses] = [0, 0];
    socket.removeAllListeners('data');
    socket.on('data', (chunk) => {
      hash.update(chunk);
      length += chunk.length;
      if (chunk[0] !== undefined && chunk[0] < 4) {
        pauses++;
        socket.pause();
        void delay(chunk[0] * 2).then(() => socket.resume());
      }
    });
    socket.resume();
    await until('all has come', () => length === size, 20_000, { seen: () => `${length} bytes, ${pauses} pauses` });
    return hash.digest('hex');
  };
  const [up, down] = [randomBytes(size), randomBytes(size)];
  client.socket.write(up);
  server.socket.write(down);
  const got = await Promise.all([digestOf(server.socket), digestOf(client.socket)]);
  expect(got).toEqual([up, down].map((bytes) => createHash('sha256').update(bytes).digest('hex')));
  expect([through.upBytes, through.downBytes]).toEqual([size, size]);
});

test('the tap sees all bytes as they are read, also those withheld, and its end once', async () => {
  const seen = { up: '', down: '', ends: 0 };
  const tap = () => ({
    up: (chunk: Buffer) => {
      seen.up += chunk;
    },
    down: (chunk: Buffer) => {
      seen.down += chunk;
    },
    end: () => {
      seen.ends++;
    },
    betweenMessages: false,
  });
  await using rig = await openRig({ tap });
  const { client, server, through } = await rig.pair();
  through.freeze();
  client.socket.write('up');
  server.socket.write('down');
  await soon('the tap saw it', () => seen.up === 'up' && seen.down === 'down');
  through.reset();
  await soon('the tap is ended', () => seen.ends > 0);
  expect(seen.ends).toBe(1);
});

test('what a tap cannot read of a server is told, but not once its client has gone', async () => {
  const tap: WireTapFactory = (gate, conn, record) => ({
    up: () => {},
    down: (_, atMs) => record({ type: 'undecodable', gate, conn, dir: 'down', reason: 'odd' }, atMs),
    end: () => {},
    betweenMessages: false,
  });
  await using rig = await openRig({ tap });
  const told = () => rig.events.filter(({ type }) => type === 'undecodable').length;
  const { client, server } = await rig.pair();
  server.socket.write('odd');
  await soon('it is told', () => told() === 1);
  client.socket.end();
  await soon('the client has gone', () => rig.ends().length > 0);
  server.socket.write('more');
  await soon('the client got it', () => client.received().toString() === 'oddmore');
  expect(told()).toBe(1);
});

test('bytes of our own are sent to the client between two messages, and never into one', async () => {
  let betweenMessages = false;
  const nothing = () => {};
  const tap = () => ({
    up: nothing,
    down: nothing,
    end: nothing,
    get betweenMessages() {
      return betweenMessages;
    },
  });
  await using rig = await openRig({ tap });
  const { client, server, through } = await rig.pair();
  server.socket.write('one ');
  await soon('it is there', () => client.received().toString() === 'one ');
  expect(through.insertDown(Buffer.from('ours'))).toBe(false);
  betweenMessages = true;
  expect(through.insertDown(Buffer.from('ours '))).toBe(true);
  server.socket.write('two');
  await soon('both are there', () => client.received().toString() === 'one ours two');
  through.reset();
  expect(through.insertDown(Buffer.from('late'))).toBe(false);
});

test('disposing closes everything and records what was still whole as ended by none', async () => {
  const rig = await openRig();
  const { client } = await rig.pair();
  await rig.gate[Symbol.asyncDispose]();
  await rig.gate[Symbol.asyncDispose]();
  expect(rig.ends()).toMatchObject([{ by: 'gate', how: 'none' }]);
  await soon('the client is closed', () => client.closed || client.ended);
  expect((await rig.dial()).error).toBe('ECONNREFUSED');
  await rig[Symbol.asyncDispose]();
});

test('a port that is taken is an error that says so', async () => {
  await using rig = await openRig();
  const again = openGate({
    name: 'second',
    listenPort: rig.gate.port,
    upstream: { host: '127.0.0.1', port: 1 },
    record: () => undefined,
    observer: createObserver('k'),
  });
  await expect(again).rejects.toMatchObject({ code: 'GATE_LISTEN' });
});

test('a connection that bears a session comes before those that are kept alive beside it', async () => {
  const tap: WireTapFactory = (_gate, conn) => ({
    up() {},
    down() {},
    end() {},
    betweenMessages: true,
    holds: conn === 2,
  });
  await using rig = await openRig({ tap });
  for (const _ of [1, 2, 3]) await rig.pair();
  expect(rig.gate.live.map(({ id }) => id)).toEqual([2, 1, 3]);
});
