import { adapterFor, type PeerOptions } from '../adapter.js';
import { joinAs } from './join.test.rig.js';

const opening = { path: '/graphql', subprotocol: 'graphql-transport-ws' };

/** As recorded between the client and the server of graphql-ws 6.4.2. */
const SUBSCRIBE = '{"id":"c130273f","type":"subscribe","payload":{"query":"subscription { tick { seq } }"}}';
const NEXT = '{"id":"c130273f","type":"next","payload":{"data":{"tick":{"seq":9}}}}';

const join = (more: Partial<PeerOptions> = {}) =>
  joinAs(opening, (message): unknown => JSON.parse(message.toString()), more);

test('the result of an operation is the message; the rest is control or heartbeat', () => {
  const dialogue = adapterFor(opening)?.listen(opening);
  const read = (text: string) => dialogue?.read('down', Buffer.from(text), false);
  expect(read(NEXT)).toEqual([{ kind: 'message', payload: Buffer.from('{"data":{"tick":{"seq":9}}}') }]);
  for (const text of ['{"type":"connection_ack"}', SUBSCRIBE]) expect(read(text)?.[0]?.kind).toBe('control');
  for (const text of ['{"type":"ping"}', '{"type":"pong"}']) expect(read(text)?.[0]?.kind).toBe('heartbeat');
  for (const text of ['{"type":"trade","price":3}', '{"seq":1}', 'next', '[]']) expect(read(text)).toBeUndefined();
});

test('our own side logs in, subscribes once it is let in, and answers pings', () => {
  const { sent, ready, hear } = join({ login: '{"token":"t"}', subscriptions: ['{"query":"subscription { tick }"}'] });
  expect([sent, ready]).toEqual([[{ type: 'connection_init', payload: { token: 't' } }], []]);
  hear('{"type":"connection_ack"}');
  hear('{"type":"ping"}');
  expect(ready).toEqual([undefined]);
  expect(sent.slice(1)).toEqual([
    { id: '1', type: 'subscribe', payload: { query: 'subscription { tick }' } },
    { type: 'pong' },
  ]);
});

test('a declared message is sent as it is; any other is an operation that every schema has', () => {
  const { peer, sent, hear } = join({ subscriptions: [SUBSCRIBE] });
  hear('{"type":"connection_ack"}');
  expect(sent[1]).toEqual(JSON.parse(SUBSCRIBE));
  expect(JSON.parse(String(peer?.wrap('hi')))).toEqual({
    id: 'holdfast-1',
    type: 'subscribe',
    payload: { query: '{ __typename }', extensions: { holdfast: 'hi' } },
  });
});
