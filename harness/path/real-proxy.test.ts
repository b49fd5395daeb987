import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { nowMs, until } from '../clock.js';
import type { EventBody } from '../contract.js';
import { PROXIES } from './find-proxy.js';
import { openGate } from './gate.js';
import { createObserver } from './observer.js';
import { proxyHere } from './proxy-here.test.rig.js';
import { PROFILES } from './proxy-profiles.js';
import { startProxy } from './real-proxy.js';

const found = PROXIES.flatMap((kind) => proxyHere(kind) ?? []);

describe.each(found)('$kind', (by) => {
  const { kind } = by;
  test('passes a WebSocket on, ends it once it has been idle, as a gate behind it sees, and is gone afterwards', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => socket.on('message', (raw) => socket.send(raw.toString())));
    const upstream = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const events: EventBody[] = [];
    const record = (event: EventBody) => void events.push(event);
    const gate = await openGate({ name: 'behind', upstream, record, observer: createObserver('key') });
    const routes = [{ to: gate, settings: { ...PROFILES['nginx-article-websocket'], readTimeoutMs: 1500 } }];
    const proxy = await startProxy({ by, name: kind, routes, record });
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.ports[0]}/any`);
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    const saidAt = nowMs();
    await once(socket, 'close');
    expect(nowMs() - saidAt).toBeGreaterThan(1300);
    // HAProxy ends the client's side first.
    const ended = () => events.some((event) => event.type === 'connection' && event.what === 'end');
    await until('the gate sees the end', ended, 5000);
    await proxy[Symbol.asyncDispose]();
    await gate[Symbol.asyncDispose]();
    server.close();
    // The proxy is the client of whatever stands behind it.
    expect(events).toContainEqual(expect.objectContaining({ gate: 'behind', what: 'end', by: 'client' }));
    expect(events).toContainEqual(
      expect.objectContaining({ process: kind, what: 'killed', facts: { gone: true, processes: 1 } }),
    );
  }, 20_000);
});
