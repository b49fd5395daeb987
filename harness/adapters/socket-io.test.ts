import { adapterFor, type PeerOptions } from '../adapter.js';
import type { Direction } from '../contract.js';
import { joinAs } from './join.test.rig.js';

const opening = { path: '/socket.io/?EIO=4&transport=websocket', subprotocol: undefined };

/** As recorded between socket.io-client 4.8.4 and a socket.io 4.8.4 server with connection state recovery. */
const OPEN =
  '0{"sid":"TLYsYZPVbjjDCSGNAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';
const CONNECTED = '40{"sid":"f_eEcuhDut3CgktaAAAA","pid":"m7GIUVsPHVPtMua1AAAB"}';
const AGAIN = '40{"pid":"m7GIUVsPHVPtMua1AAAB","offset":"Q8P3CGe"}';
const TICK = '42["tick",{"tick":16},"Q8P3CIC"]';

function listen() {
  const dialogue = adapterFor(opening)?.listen(opening);
  return (dir: Direction, message: string | Buffer) =>
    dialogue
      ?.read(dir, Buffer.from(message), typeof message !== 'string')
      ?.map(({ payload, ...rest }) => ({ ...rest, payload: payload.toString() }));
}

const join = (more: Partial<PeerOptions> = {}, at = opening) => joinAs(at, String, more);

describe('what Socket.IO says', () => {
  test('is told apart: handshake, heartbeat and event', () => {
    const read = listen();
    expect(read('down', OPEN)?.[0]?.kind).toBe('control');
    expect(read('up', '40')?.[0]?.kind).toBe('control');
    expect(read('down', CONNECTED)?.[0]?.kind).toBe('control');
    expect(read('down', '2')?.[0]?.kind).toBe('heartbeat');
    expect(read('up', '3')?.[0]?.kind).toBe('heartbeat');
    expect(read('down', TICK)).toEqual([
      { kind: 'message', payload: '{"0":"tick","1":{"tick":16},"offset":"Q8P3CIC"}', cursor: 'Q8P3CIC' },
    ]);
  });

  test('holds the offset also in what is sent again before the new session is confirmed', () => {
    const read = listen();
    read('down', OPEN);
    expect(read('up', AGAIN)).toMatchObject([{ kind: 'control', cursor: 'Q8P3CGe' }]);
    expect(read('down', TICK)).toMatchObject([{ cursor: 'Q8P3CIC' }]);
  });

  test('has no offset where the server offers no recovery', () => {
    const read = listen();
    read('down', OPEN);
    read('down', '40{"sid":"f_eEcuhDut3CgktaAAAA"}');
    expect(read('down', TICK)).toEqual([{ kind: 'message', payload: '["tick",{"tick":16},"Q8P3CIC"]' }]);
  });

  test('may have binary parts, which belong to their event', () => {
    const read = listen();
    read('down', OPEN);
    read('down', CONNECTED);
    expect(read('down', '451-["image",{"_placeholder":true,"num":0}]')).toEqual([]);
    expect(read('down', Buffer.from([1, 2]))).toEqual([{ kind: 'message', payload: '["image","AQI="]' }]);
  });

  test('goes on in a WebSocket to which a session that polled was brought', () => {
    const at = { ...opening, path: `${opening.path}&sid=TLYsYZPVbjjDCSGNAAAA` };
    const dialogue = adapterFor(at)?.listen(at);
    const read = (dir: Direction, text: string) => dialogue?.read(dir, Buffer.from(text), false)?.[0];
    expect(read('up', '2probe')?.kind).toBe('control');
    expect(read('down', '3probe')?.kind).toBe('control');
    expect(read('down', '42["tick",{"tick":16}]')).toEqual({
      kind: 'message',
      payload: Buffer.from('["tick",{"tick":16}]'),
    });
  });

  test('is Engine.IO alone where nobody connects to a namespace', () => {
    const read = listen();
    read('down', OPEN);
    expect(read('down', '4{"seq":1}')).toEqual([{ kind: 'message', payload: '{"seq":1}' }]);
  });

  test.each(['{"seq":1}', '0', '2', '42["tick"]', '0{"price":3}'])(
    'is nothing where a server begins with %s',
    (text) => {
      const read = listen();
      expect(read('down', text)).toBeUndefined();
      expect(read('down', '2')).toBeUndefined();
    },
  );
});

describe('our own side', () => {
  test('connects, answers pings, and knows how it would come back', () => {
    const { peer, sent, ready, hear } = join();
    hear(OPEN);
    expect([sent, ready]).toEqual([['40'], []]);
    hear(CONNECTED);
    expect(ready).toEqual([undefined]);
    hear(TICK);
    hear('2');
    expect(sent).toEqual(['40', '3']);
    const cursor = peer?.cursor;
    expect(cursor).toEqual({ pid: 'm7GIUVsPHVPtMua1AAAB', offset: 'Q8P3CIC' });
    const again = join(cursor === undefined ? {} : { cursor });
    again.hear(OPEN);
    expect(again.sent).toEqual(['40{"pid":"m7GIUVsPHVPtMua1AAAB","offset":"Q8P3CIC"}']);
  });

  test('logs in with what is declared, and tells a refusal', () => {
    const { sent, ready, hear } = join({ login: '{"token":"secret"}' });
    hear(OPEN);
    hear('44{"message":"not authorized"}');
    expect(sent).toEqual(['40{"token":"secret"}']);
    expect(ready).toEqual([expect.stringContaining('not authorized')]);
  });

  test('sends a declared packet as it is, and a declared event as one', () => {
    const { sent, hear } = join({ subscriptions: ['40', '["join","room"]'] });
    hear(OPEN);
    hear(CONNECTED);
    expect(sent).toEqual(['40', '42["join","room"]']);
  });

  test('leaves a server alone that speaks something else', () => {
    const { peer, sent, ready, hear } = join();
    expect(hear('{"seq":1}')).toBeUndefined();
    expect([sent, ready, peer?.cursor]).toEqual([[], [undefined], undefined]);
  });

  test('beats by itself in revision 3', () => {
    const { peer, hear, sent } = join({}, { ...opening, path: '/socket.io/?EIO=3&transport=websocket' });
    hear(OPEN);
    expect(peer?.clientDriven).toBe(true);
    hear('40');
    expect(sent).toEqual([]);
    peer?.close();
  });
});

test('only EIO in the query chooses it', () => {
  expect(adapterFor({ path: '/feed?eio=4', subprotocol: undefined })).toBeUndefined();
  expect(adapterFor({ path: '/feed?XEIO=4', subprotocol: undefined })).toBeUndefined();
  expect(adapterFor({ path: '/feed?EIO=40', subprotocol: undefined })).toBeUndefined();
});
