import { adapterFor, type PeerOptions } from '../adapter.js';
import { joinAs } from './join.test.rig.js';

const opening = { path: '/echo/966/3xgspphz/websocket', subprotocol: undefined };

/** As recorded from sockjs 0.3.24. */
const TICK = 'a["{\\"tick\\":11}"]';

const join = (more: Partial<PeerOptions> = {}) => joinAs(opening, String, more);

function listen() {
  const dialogue = adapterFor(opening)?.listen(opening);
  return (dir: 'up' | 'down', text: string) =>
    dialogue?.read(dir, Buffer.from(text), false)?.map(({ kind, payload }) => [kind, payload.toString()]);
}

test('messages come in arrays; o, h and c are none', () => {
  const read = listen();
  expect(read('down', 'o')).toEqual([['control', 'o']]);
  expect(read('down', TICK)).toEqual([['message', '{"tick":11}']]);
  expect(read('down', 'a["1","2"]')).toHaveLength(2);
  expect(read('down', 'h')).toEqual([['heartbeat', 'h']]);
  expect(read('down', 'c[3000,"Go away!"]')?.[0]?.[0]).toBe('control');
  expect(read('up', '["hello"]')).toEqual([['message', 'hello']]);
});

test('a server that does not begin with the open frame speaks something else', () => {
  const read = listen();
  expect(read('down', '{"seq":1}')).toBeUndefined();
  expect(read('down', 'h')).toBeUndefined();
});

test('STOMP inside is read as STOMP', () => {
  const read = listen();
  read('down', 'o');
  expect(read('up', JSON.stringify(['CONNECT\naccept-version:1.2\n\n\0']))?.[0]?.[0]).toBe('control');
  expect(read('down', `a${JSON.stringify(['MESSAGE\nsubscription:0\n\n{"tick":1}\0'])}`)).toEqual([
    ['message', '{"tick":1}'],
  ]);
  expect(read('down', `a${JSON.stringify(['\n'])}`)?.[0]?.[0]).toBe('heartbeat');
});

test('our own side speaks when it is spoken to', () => {
  const { peer, sent, ready, hear } = join({ subscriptions: ['{"join":1}'] });
  expect(ready).toEqual([]);
  hear('o');
  expect([ready, sent]).toEqual([[undefined], ['["{\\"join\\":1}"]']]);
  expect(peer?.wrap('hi')).toBe('["hi"]');
});

test('our own side logs in to the STOMP that a destination asks for', () => {
  const { peer, sent, ready, hear } = join({ subscriptions: ['{"destination":"/topic/ticks"}'] });
  hear('o');
  expect(ready).toEqual([]);
  expect(JSON.parse(sent[0] ?? '')[0]).toContain('CONNECT\n');
  hear(`a${JSON.stringify(['CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0'])}`);
  expect(ready).toEqual([undefined]);
  const packets = hear(`a${JSON.stringify(['MESSAGE\nsubscription:0\n\n{"tick":1}\0'])}`);
  expect(packets?.map(({ payload }) => payload.toString())).toEqual(['{"tick":1}']);
  peer?.close();
});

test('each session of ours has a name of its own', () => {
  const paths = [1, 2].map(() => adapterFor(opening)?.address?.(opening.path));
  expect(paths[0]).toMatch(/^\/echo\/966\/[0-9a-f]{8}\/websocket$/);
  expect(paths[0]).not.toBe(paths[1]);
  expect(adapterFor({ path: '/api/12/x/websocket', subprotocol: undefined })).toBeUndefined();
});
