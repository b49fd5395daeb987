import { once } from 'node:events';
import { Client, credentials, Metadata, type MethodDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { until } from '../harness/clock.js';
import type { Facts, Fault, Gate } from '../harness/contract.js';
import type { Unit } from '../harness/define.js';
import { openGate } from '../harness/path/gate.js';
import { tapGrpc } from '../harness/path/http2-tap.js';
import { createObserver } from '../harness/path/observer.js';
import giantHeader from './giant-header.js';
import goaway from './goaway.js';
import heldWindows from './held-windows.js';
import pingFlood from './ping-flood.js';
import rstStream from './rst-stream.js';

const bytes = { requestSerialize: (b: Buffer) => b, requestDeserialize: (b: Buffer) => b };
const method = {
  path: '/pkg.Feed/Watch',
  requestStream: true,
  responseStream: true,
  ...bytes,
  responseSerialize: bytes.requestSerialize,
  responseDeserialize: bytes.requestDeserialize,
} satisfies MethodDefinition<Buffer, Buffer>;

/** A server of grpc-js behind a gate, which counts what it is sent and sees who is cancelled; and a client of grpc-js. */
async function openPair() {
  const server = new Server();
  const seen = { calls: 0, cancelled: 0, bytes: 0 };
  server.addService({ Watch: method }, {
    Watch(call: NodeJS.EventEmitter & { write(b: Buffer): void }) {
      seen.calls += 1;
      call
        .on('cancelled', () => seen.cancelled++)
        .on('data', (b: Buffer) => {
          seen.bytes += b.length;
        });
      call.write(Buffer.from('hello'));
    },
  } as never);
  const port = await new Promise<number>((resolve) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) => resolve(bound)),
  );
  const gate = await openGate({
    name: 'g',
    upstream: { host: '127.0.0.1', port },
    record: () => {},
    observer: createObserver('key'),
    tap: tapGrpc(() => undefined),
  });
  const client = new Client(`127.0.0.1:${gate.port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const bites: Facts[] = [];
  return {
    gate,
    seen,
    bites,
    /** A call that has been answered. */
    async call() {
      const waiting = new Metadata({ waitForReady: true });
      const call = client.makeBidiStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        waiting,
      );
      const ended = new Promise<number>((resolve) => call.once('status', ({ code }) => resolve(code)));
      call.on('error', () => {});
      await once(call, 'data');
      return { call, ended };
    },
    inject: <Params extends Facts>(fault: Unit<'fault', Fault<Gate, Params>>, params: Params) =>
      fault.value.inject(gate, params, { bite: (facts) => bites.push(facts), signal: new AbortController().signal }),
    async [Symbol.asyncDispose]() {
      client.close();
      server.forceShutdown();
      await gate[Symbol.asyncDispose]();
    },
  };
}
const soon = (what: string, condition: () => boolean) => until(what, condition, 10_000, { stepMs: 5 });

describe('frames that a gate puts between a gRPC server and its client', () => {
  test('a GOAWAY lets the call go on, and the next one begins on a new connection', async () => {
    await using pair = await openPair();
    const { call } = await pair.call();
    await pair.inject(goaway, { code: 0 });
    expect(pair.bites).toEqual([{ code: 0, clients: 1 }]);
    call.write(Buffer.from('still here'));
    await soon('the server read it', () => pair.seen.bytes > 0);
    await pair.call();
    expect(pair.gate.accepted).toBe(2);
  });

  test('a RST_STREAM ends the call on both sides, and the next one begins on the same connection', async () => {
    await using pair = await openPair();
    const { ended } = await pair.call();
    await pair.inject(rstStream, { code: 8 });
    expect(pair.bites).toEqual([{ code: 8, calls: 1, clients: 1 }]);
    expect(await ended).toBe(status.CANCELLED);
    await soon('the server knows', () => pair.seen.cancelled === 1);
    await pair.call();
    expect(pair.gate.live.map(({ streams }) => streams)).toEqual([[3]]);
    expect(pair.gate.accepted).toBe(1);
  });

  test('a flood of PINGs is answered, one by one', async () => {
    await using pair = await openPair();
    await pair.call();
    await pair.inject(pingFlood, { pings: 500 });
    expect(pair.bites).toEqual([{ clients: 1, answered: 500 }]);
    await pair.call();
    expect(pair.gate.accepted).toBe(1);
  });

  test('a giant header is read, and the server is told that the call is over', async () => {
    await using pair = await openPair();
    await pair.call();
    await pair.inject(giantHeader, { bytes: 200_000 });
    expect(pair.bites).toEqual([{ bytes: 200_000, calls: 1, clients: 1 }]);
    await soon('the server knows', () => pair.seen.cancelled === 1);
  });

  test('held windows let no more through than the window of a stream, until they are given back', async () => {
    await using pair = await openPair();
    const { call } = await pair.call();
    const heal = await pair.inject(heldWindows, {});
    await soon('it holds', () => pair.gate.live.every((connection) => connection.holdWindows(true)));
    for (let i = 0; i < 20; i++) call.write(Buffer.alloc(65_536));
    await soon('it has bitten', () => pair.bites.length > 0);
    // Answered all the while: nothing but the stream stands still.
    await pair.inject(pingFlood, { pings: 10 });
    expect(pair.seen.bytes).toBeLessThan(2 * 65_536);
    await heal();
    await soon('all came', () => pair.seen.bytes === 20 * 65_536);
  });
});
