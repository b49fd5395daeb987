import { once } from 'node:events';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import type { Facts } from '../harness/contract.js';
import { listenOnLoopback } from '../harness/loopback.js';
import { openGate } from '../harness/path/gate.js';
import { createObserver } from '../harness/path/observer.js';
import edgeOutage from './edge-outage.js';

test('an edge that speaks HTTP/2 answers each request with its page, keeps the connection, and ends it when it heals', async () => {
  let reached = 0;
  const listener = createServer((socket) => {
    reached += 1;
    socket.on('error', () => {}).resume();
  });
  await using server = await listenOnLoopback(listener);
  await using gate = await openGate({ name: 'g', upstream: server, record: () => {}, observer: createObserver('key') });
  const bites: Facts[] = [];
  const tools = { bite: (facts: Facts) => void bites.push(facts), signal: new AbortController().signal };
  const heal = await edgeOutage.value.inject(gate, { status: 503, http2: true }, tools);
  const client = connect(`http://127.0.0.1:${gate.port}`);
  for (const _ of [1, 2]) {
    const stream = client.request({ ':method': 'POST', ':path': '/pkg.Feed/Watch' });
    const [head] = await once(stream, 'response');
    expect([head[':status'], head['content-type']]).toEqual([503, 'text/html']);
    await once(stream.resume(), 'end');
  }
  expect([gate.accepted, reached]).toEqual([1, 0]);
  const left = once(client, 'close');
  await heal();
  await left;
  expect(bites).toEqual([{ status: 503, answered: expect.any(Number) }]);
  const again = connect(`http://127.0.0.1:${gate.port}`).on('error', () => {});
  await once(again, 'connect');
  again.destroy();
});
