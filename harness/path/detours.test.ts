import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { until } from '../clock.js';
import type { GateConnection } from '../contract.js';
import { listenOnLoopback } from '../loopback.js';
import { openGate } from './gate.js';
import { createObserver } from './observer.js';

/** A client, a gate and a server that says back what it hears. */
async function rig() {
  const peers: Socket[] = [];
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    peers.push(socket);
    socket.on('error', () => undefined).on('end', () => socket.end());
    socket.on('data', (chunk) => socket.write(chunk));
  });
  const server = await listenOnLoopback(echo);
  const gate = await openGate({ name: 'g', upstream: server, record: () => undefined, observer: createObserver('k') });
  const client = connect(gate.port, gate.host);
  let heard = '';
  let end = '';
  client.on('data', (chunk) => {
    heard += chunk.toString();
  });
  client.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code ?? 'error';
  });
  client.on('end', () => {
    end = 'FIN';
  });
  await once(client, 'connect');
  client.write('0,');
  await until('the first bytes are back', () => heard === '0,', 2000);
  const [crossing] = gate.live;
  if (!crossing) throw new Error('nobody came');
  return {
    client,
    gate,
    peers,
    crossing,
    heard: () => heard,
    end: () => end,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await gate[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A pipe between two sockets of ours; what passes it is counted. */
async function detourOf(crossing: GateConnection) {
  const seen = { bytes: 0 };
  const ends: Socket[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => ends.push(socket));
  const pipe = await listenOnLoopback(listener);
  const dial = async () => {
    const socket = connect({ host: pipe.host, port: pipe.port, allowHalfOpen: true });
    await once(socket, 'connect');
    await until('it was accepted', () => ends.length > 0, 2000);
    return [socket, ends.pop()] as const;
  };
  const [near, a] = await dial();
  const [far, b] = await dial();
  if (!a || !b) throw new Error('no pipe');
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => undefined).on('end', () => to.end());
    from.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length;
      to.write(chunk);
    });
  }
  expect(crossing.detour(near, far)).toBe(true);
  return { seen, cut: () => a.destroy(), [Symbol.asyncDispose]: () => pipe[Symbol.asyncDispose]() };
}

describe('a detour of a live connection', () => {
  it('keeps every byte and their order, both ways, also with a second one', async () => {
    await using all = await rig();
    let expected = '0,';
    const say = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        all.client.write(`${i},`);
        expected += `${i},`;
      }
    };
    say(1, 500);
    await using first = await detourOf(all.crossing);
    say(500, 1000);
    await using second = await detourOf(all.crossing);
    say(1000, 1500);
    await until('all is back', () => all.heard().length >= expected.length, 5000, {
      seen: () => `${all.heard().length}`,
    });
    expect(all.heard()).toBe(expected);
    expect(first.seen.bytes).toBeGreaterThan(1000);
    expect(second.seen.bytes).toBeGreaterThan(1000);
    expect(all.crossing.downBytes).toBe(expected.length);
  });

  it('lets resets stay resets and ends stay ends', async () => {
    for (const [act, seen] of [
      ['reset', 'ECONNRESET'],
      ['end', 'FIN'],
    ] as const) {
      await using all = await rig();
      await using _ = await detourOf(all.crossing);
      all.crossing[act]();
      await until(`the client sees ${seen}`, () => all.end() === seen, 2000, { seen: all.end });
    }
  });

  it('passes on the reset and the end of the server', async () => {
    for (const [act, seen] of [
      ['resetAndDestroy', 'ECONNRESET'],
      ['end', 'FIN'],
    ] as const) {
      await using all = await rig();
      await using _ = await detourOf(all.crossing);
      all.peers[0]?.[act]();
      await until(`the client sees ${seen}`, () => all.end() === seen, 2000, { seen: all.end });
      expect(all.crossing.endedBy).toBe('server');
    }
  });

  it('ends the connection when what lies on it does', async () => {
    await using all = await rig();
    await using detour = await detourOf(all.crossing);
    detour.cut();
    await until('the client sees it', () => all.end() !== '', 2000);
    expect([all.end(), all.crossing.endedBy]).toEqual(['FIN', 'gate']);
  });

  it('withholds while frozen, and forwards afterwards', async () => {
    await using all = await rig();
    await using _ = await detourOf(all.crossing);
    all.crossing.freeze();
    all.client.write('late');
    await until('it is withheld', () => all.crossing.withheldUpBytes === 4, 2000);
    expect(all.heard()).toBe('0,');
    all.crossing.thaw();
    await until('it is back', () => all.heard() === '0,late', 2000, { seen: all.heard });
  });

  it('tells one side of a half-open connection and not the other', async () => {
    await using all = await rig();
    let told = false;
    all.peers[0]?.on('close', () => {
      told = true;
    });
    all.crossing.abandon('client');
    await until('the client is reset', () => all.end() === 'ECONNRESET', 2000);
    expect([told, all.crossing.alive, all.crossing.ended]).toEqual([false, true, true]);
    all.crossing.reset();
    await until('the server hears of it', () => told, 2000);
  });
});
