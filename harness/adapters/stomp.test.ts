import { adapterFor, type PeerOptions } from '../adapter.js';
import { joinAs } from './join.test.rig.js';

const opening = { path: '/ws', subprotocol: 'v12.stomp' };

/** As recorded between @stomp/stompjs 7.5.0 and Spring's simple broker (Boot 3.5.7). */
const CONNECT = 'CONNECT\naccept-version:1.2,1.1,1.0\nheart-beat:10000,10000\n\n\0';
const CONNECTED = 'CONNECTED\nversion:1.2\nheart-beat:10000,10000\n\n\0';
const MESSAGE =
  'MESSAGE\ndestination:/topic/ticks\ncontent-type:application/json\nsubscription:sub-0\nmessage-id:936a94bd-f3ea-f197-4c82-cb4e8b754233-0\ncontent-length:11\n\n{"tick":12}\0';

const join = (more: Partial<PeerOptions> = {}) =>
  joinAs(opening, String, { subscriptions: ['{"destination":"/topic/ticks"}'], ...more });

test('a frame body is the message; an end-of-line alone is a heartbeat', () => {
  const dialogue = adapterFor(opening)?.listen(opening);
  const read = (text: string) => dialogue?.read('down', Buffer.from(text), false);
  expect(dialogue?.read('up', Buffer.from(CONNECT), false)?.[0]?.kind).toBe('control');
  expect(read(CONNECTED)?.[0]?.kind).toBe('control');
  expect(read(MESSAGE)).toEqual([{ kind: 'message', payload: Buffer.from('{"tick":12}') }]);
  expect(read('\n')?.[0]?.kind).toBe('heartbeat');
});

test('a frame may be spread over messages, and a message may hold two', () => {
  const dialogue = adapterFor(opening)?.listen(opening);
  const read = (text: string) => dialogue?.read('down', Buffer.from(text), false);
  expect(read(MESSAGE.slice(0, 40))).toEqual([]);
  expect(read(MESSAGE.slice(40) + MESSAGE)?.map(({ kind }) => kind)).toEqual(['message', 'message']);
});

test('our own side connects with its credentials, asks for heartbeats and subscribes', () => {
  const { peer, sent, ready, hear } = join({ login: '{"login":"a:b","passcode":"p"}' });
  hear(CONNECTED);
  expect(ready).toEqual([undefined]);
  expect(sent).toEqual([
    'CONNECT\naccept-version:1.0,1.1,1.2\nheart-beat:20000,20000\nlogin:a\\cb\npasscode:p\n\n\0',
    'SUBSCRIBE\nid:0\ndestination:/topic/ticks\n\n\0',
  ]);
  expect(peer?.wrap('é')).toBe('SEND\ndestination:/topic/ticks\ncontent-length:2\n\né\0');
  peer?.close();
});

test('an ERROR in place of CONNECTED is a refusal', () => {
  const { ready, hear } = join();
  hear('ERROR\nmessage:Bad CONNECT\n\n\0');
  expect(ready[0]).toContain('refused');
});
