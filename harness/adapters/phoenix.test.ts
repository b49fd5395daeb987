import { adapterFor, type PeerOptions } from '../adapter.js';
import { joinAs } from './join.test.rig.js';

const opening = { path: '/socket/websocket?vsn=2.0.0', subprotocol: undefined };

const join = (at = opening, more: Partial<PeerOptions> = {}) =>
  joinAs(at, (message): unknown => JSON.parse(message.toString()), {
    subscriptions: ['{"topic":"room:lobby","payload":{"token":"t"}}'],
    ...more,
  });

/** As phoenix.js 1.8 sends and takes them. */
test('a message of a channel is told from joins, replies and heartbeats', () => {
  const dialogue = adapterFor(opening)?.listen(opening);
  const read = (dir: 'up' | 'down', text: string) => dialogue?.read(dir, Buffer.from(text), false)?.[0];
  expect(read('up', '["6","6","room:lobby","phx_join",{}]')?.kind).toBe('control');
  expect(read('down', '["6","6","room:lobby","phx_reply",{"status":"ok","response":{}}]')?.kind).toBe('control');
  expect(read('down', '["6",null,"room:lobby","tick",{"tick":9}]')).toEqual({
    kind: 'message',
    payload: Buffer.from('{"tick":9}'),
  });
  expect(read('up', '[null,"7","phoenix","heartbeat",{}]')?.kind).toBe('heartbeat');
  expect(read('down', '[null,"7","phoenix","phx_reply",{"status":"ok","response":{}}]')?.kind).toBe('heartbeat');
  expect(read('down', '{"seq":1}')).toBeUndefined();
  expect(read('down', '[1,2,3,4,5]')).toBeUndefined();
});

test('version 1 has the same in objects', () => {
  const at = { ...opening, path: '/socket/websocket?token=x&vsn=1.0.0' };
  const { peer, sent, ready, hear } = join(at);
  expect(sent[1]).toEqual({ topic: 'room:lobby', event: 'phx_join', payload: { token: 't' }, ref: '2', join_ref: '2' });
  hear('{"topic":"phoenix","event":"phx_reply","ref":"1","payload":{"status":"ok","response":{}}}');
  hear('{"topic":"room:lobby","event":"phx_reply","ref":"2","payload":{"status":"ok","response":{}}}');
  expect(ready).toEqual([undefined]);
  expect(hear('{"topic":"room:lobby","event":"tick","ref":null,"payload":{"tick":9}}')?.[0]?.kind).toBe('message');
  peer?.close();
});

test('our own side is in once its channel has let it in', () => {
  const { peer, sent, ready, hear } = join();
  expect(sent).toEqual([
    [null, '1', 'phoenix', 'heartbeat', {}],
    ['2', '2', 'room:lobby', 'phx_join', { token: 't' }],
  ]);
  hear('[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]');
  expect(ready).toEqual([]);
  hear('["2","2","room:lobby","phx_reply",{"status":"ok","response":{}}]');
  expect(ready).toEqual([undefined]);
  expect(peer?.clientDriven).toBe(true);
  peer?.close();
});

test('a channel that does not let it in is a refusal', () => {
  const { peer, ready, hear } = join();
  hear('["2","2","room:lobby","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]');
  expect(ready[0]).toContain('room:lobby');
  peer?.close();
});

test('the path alone does not choose it', () => {
  expect(adapterFor({ path: '/websocket', subprotocol: undefined })).toBeUndefined();
  expect(adapterFor({ path: '/feed?vsn=2.0.0', subprotocol: undefined })).toBeUndefined();
});

test('a server that answers something else is left alone', () => {
  const { peer, ready, hear } = join();
  expect(hear('{"topic":"a","event":"b","payload":{"x":1}}')).toBeUndefined();
  expect([ready, peer?.clientDriven]).toEqual([[undefined], false]);
  peer?.close();
});
